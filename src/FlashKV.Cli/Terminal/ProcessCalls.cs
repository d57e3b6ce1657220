using System.Runtime.InteropServices;

namespace FlashKV.Cli.Terminal;

/// <summary>The calls of the C library that are about processes (Linux).</summary>
internal static partial class ProcessCalls
{
    private const int BrokenPipeSignal = 13;
    private const nint DefaultAction = 0;
    private const nint OpenProcessDescriptor = 434; // pidfd_open, on every processor

    /// <summary>Puts a program in the place of this one; comes back only if that fails.</summary>
    /// <param name="command">The program, looked for as a shell does, and its arguments.</param>
    /// <param name="variables">Variables of the environment that it has besides ours.</param>
    /// <returns>The system's error number.</returns>
    /// <remarks>
    /// The process stays: its number, its terminal, its parent. So signals and the exit status are
    /// the program's own. Nothing of ours is left in it: our descriptors close on exec, signals
    /// that we handle go back to their defaults.
    /// </remarks>
    internal static int Become(
        IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach ((string name, string value) in variables)
        {
            _ = SetVariable(name, value, overwrite: 1);
        }

        // The runtime ignores this one, and what is ignored stays ignored.
        _ = SetSignal(BrokenPipeSignal, DefaultAction);
        _ = Execute(command[0], [.. command, null]);
        return Marshal.GetLastPInvokeError();
    }

    /// <summary>Leaves the terminal and its signals, if this process is nobody's leader.</summary>
    [LibraryImport("libc", EntryPoint = "setsid")]
    internal static partial int LeaveTerminal();

    /// <summary>A descriptor that can be read once a process has ended; -1 without one.</summary>
    internal static int OpenProcess(int processId) =>
        (int)SystemCall(OpenProcessDescriptor, processId, 0);

    /// <summary>Waits for a descriptor; -1 when interrupted.</summary>
    internal static int WaitToRead(int descriptor)
    {
        const short Readable = 1;
        PollEntry entry = new() { Descriptor = descriptor, Events = Readable };
        return Poll(ref entry, 1, Timeout.Infinite);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignal(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, string?[] arguments);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entry, nuint count, int milliseconds);

    // struct pollfd.
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
