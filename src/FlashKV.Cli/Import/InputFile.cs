namespace FlashKV.Cli.Import;

/// <summary>Files that the user names to be read.</summary>
internal static class InputFile
{
    /// <summary>Opens a file without a buffer, to be read in large pieces.</summary>
    /// <exception cref="ToolException">There is no such file, or it may not be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.NoInput, $"cannot read '{path}': {Reason(path, failure)}", failure);
        }
    }

    private static string Reason(string path, Exception failure)
    {
        if (Directory.Exists(path))
        {
            return "it is a directory";
        }

        return failure is FileNotFoundException or DirectoryNotFoundException
            ? "no such file" : FailureReport.Message(failure);
    }
}
