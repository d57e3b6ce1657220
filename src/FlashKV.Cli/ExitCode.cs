namespace FlashKV.Cli;

/// <summary>
/// What the tool answers to the shell. The numbers from 65 on are those of <c>sysexits.h</c>; a
/// signal answers 128 and its number, as the shell itself would.
/// </summary>
internal static class ExitCode
{
    /// <summary>Everything asked for was done.</summary>
    public const int Success = 0;

    /// <summary>The key is absent, or a check failed.</summary>
    public const int Absent = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>The input, or the store itself, holds something that it must not hold.</summary>
    public const int DataError = 65;

    /// <summary>There is no such file, or no store in that directory.</summary>
    public const int NoInput = 66;

    /// <summary>A bug of this tool: something happened that it has no name for.</summary>
    public const int Software = 70;

    /// <summary>A file or a store cannot be created.</summary>
    public const int CannotCreate = 73;

    /// <summary>Reading or writing failed: the device, the file system, or no room left.</summary>
    public const int InputOutput = 74;

    /// <summary>Another process has the store open.</summary>
    public const int Locked = 75;

    /// <summary>The program of <c>adapter run</c> is there but cannot be run, as of a shell.</summary>
    public const int CannotRun = 126;

    /// <summary>There is no such program to run, as of a shell.</summary>
    public const int NoProgram = 127;

    /// <summary>Whoever read the standard output has gone (128 + SIGPIPE).</summary>
    public const int BrokenPipe = 141;

    /// <summary>The table that <c>--help</c> prints.</summary>
    public const string Table =
        """
        Exit codes:
          0    done                                    1    key absent, or a check failed
          2    usage                                   65   bad data in the input or in the store
          66   no such file or store                   70   a bug in flashkv
          73   file or store cannot be created         74   input/output error, or no room left
          75   another process has the store open      130  interrupted (SIGINT); 143 by SIGTERM
          141  the reader of standard output has gone
          adapter run: the program's; 126 it cannot be run, 127 there is no such program
        """;
}
