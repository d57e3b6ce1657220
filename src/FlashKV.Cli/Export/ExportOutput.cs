using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Export;

/// <summary>
/// Where an export goes: standard output (<c>-</c>), or a file that appears under its name only
/// when it is whole.
/// </summary>
internal sealed class ExportOutput : IDisposable
{
    private readonly string? _path;
    private readonly string? _partialPath;
    private bool _isWhole;

    /// <summary>Takes a stream; for tests, which have one that fails.</summary>
    internal ExportOutput(Stream stream, string? path, string? partialPath)
    {
        Stream = stream;
        _path = path;
        _partialPath = partialPath;
    }

    /// <summary>Where to write.</summary>
    public Stream Stream { get; }

    /// <summary>
    /// Opens <paramref name="path"/>; a file that is there is replaced at the end.
    /// </summary>
    /// <exception cref="ToolException">The file cannot be created.</exception>
    public static ExportOutput Create(string path, ToolEnvironment environment)
    {
        if (path == "-")
        {
            return new(environment.Output, null, null);
        }

        try
        {
            // A pipe or a device cannot be replaced, only written.
            bool isFile = !Path.Exists(path)
                || (File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.Directory
                    | FileAttributes.ReparsePoint)) == 0;
            string target = isFile ? $"{path}.{System.Environment.ProcessId}.partial" : path;
            FileStream file = new(
                target, isFile ? FileMode.CreateNew : FileMode.Open, FileAccess.Write);
            return new(file, isFile ? path : null, isFile ? target : null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string reason = FailureReport.Message(failure);
            throw new ToolException(
                ExitCode.CannotCreate, $"cannot write '{path}': {reason}", failure);
        }
    }

    /// <summary>Whether it is a file, of which any part can be written.</summary>
    public bool IsFile => _partialPath is not null;

    /// <summary>Everything is written: the file takes its name.</summary>
    public void Complete()
    {
        _isWhole = true;
        if (_path is not null && _partialPath is not null)
        {
            ((FileStream)Stream).Flush(flushToDisk: true);
            Stream.Dispose();
            File.Move(_partialPath, _path, overwrite: true);
        }
    }

    /// <summary>Closes the file, and removes it if it is not whole.</summary>
    public void Dispose()
    {
        if (Stream is not FileStream file)
        {
            return;
        }

        try
        {
            // It may write what it still has, and fail.
            file.Dispose();
        }
        finally
        {
            if (!_isWhole && _partialPath is not null)
            {
                File.Delete(_partialPath);
            }
        }
    }
}
