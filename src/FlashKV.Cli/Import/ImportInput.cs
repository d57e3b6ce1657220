using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Import;

/// <summary>A file to import, or standard input (<c>-</c>).</summary>
internal sealed class ImportInput : IDisposable
{
    private readonly FileStream? _file;

    private ImportInput(string name, Stream stream, FileStream? file)
    {
        Name = name;
        Stream = stream;
        _file = file;
    }

    /// <summary>The name for messages.</summary>
    public string Name { get; }

    /// <summary>The text.</summary>
    public Stream Stream { get; }

    /// <summary>How long the file is; null where that cannot be known.</summary>
    public long? TotalBytes => _file is { CanSeek: true } ? _file.Length : null;

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <exception cref="ToolException">There is no such file, or it may not be read.</exception>
    public static ImportInput Open(string path, ToolEnvironment environment)
    {
        if (path == "-")
        {
            InterruptibleInput input = new(environment.Input, environment.Stop);
            return new("(standard input)", input, null);
        }

        FileStream file = InputFile.Open(path);
        Stream text = file.CanSeek ? file : new InterruptibleInput(file, environment.Stop);
        return new(path, text, file);
    }

    public void Dispose()
    {
        Stream.Dispose();
        _file?.Dispose();
    }
}
