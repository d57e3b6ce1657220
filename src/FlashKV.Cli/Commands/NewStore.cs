namespace FlashKV.Cli.Commands;

/// <summary>The directory that a verb makes a store in.</summary>
internal static class NewStore
{
    /// <summary>
    /// Checks it first: what is wrong with the new directory is another failure than what is wrong
    /// with the source.
    /// </summary>
    /// <exception cref="ToolException">There is something in it.</exception>
    public static void CheckDirectory(string directory)
    {
        if (File.Exists(directory)
            || (Directory.Exists(directory)
                && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new ToolException(
                ExitCode.CannotCreate,
                $"cannot make a store in '{directory}': it is not an empty directory");
        }
    }
}
