namespace FlashKV.Cli.Demo;

/// <summary>The directory that the demonstration works in, removed at its end.</summary>
internal sealed class DemoDirectory : IDisposable
{
    private readonly bool _isOurs;
    private bool _keep;

    private DemoDirectory(string path, bool isOurs, bool keep)
    {
        Path = path;
        _isOurs = isOurs;
        _keep = keep;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Makes a temporary directory, or takes <paramref name="path"/>.</summary>
    /// <exception cref="ToolException">It cannot be made, or is not empty.</exception>
    public static DemoDirectory Create(string? path, bool keep)
    {
        try
        {
            if (path is null)
            {
                string made = Directory.CreateTempSubdirectory("flashkv-demo-").FullName;
                return new(made, isOurs: true, keep);
            }

            bool isOurs = !Directory.Exists(path);
            Directory.CreateDirectory(path);
            return !Directory.EnumerateFileSystemEntries(path).Any()
                ? new(path, isOurs, keep)
                : throw new ToolException(ExitCode.CannotCreate, $"'{path}' is not empty");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string reason = FailureReport.Message(failure);
            throw new ToolException(
                ExitCode.CannotCreate, $"cannot make the directory of the demo: {reason}", failure);
        }
    }

    /// <summary>Leaves everything where it is, to be looked into.</summary>
    public void Keep() => _keep = true;

    /// <summary>Removes what the demonstration made, unless it is to be kept.</summary>
    public void Dispose()
    {
        if (_keep)
        {
            return;
        }

        foreach (string made in Directory.EnumerateDirectories(Path))
        {
            Directory.Delete(made, recursive: true);
        }

        if (_isOurs)
        {
            Directory.Delete(Path);
        }
    }
}
