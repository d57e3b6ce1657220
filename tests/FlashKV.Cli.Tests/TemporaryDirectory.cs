namespace FlashKV.Cli.Tests;

/// <summary>A directory that goes when the test does.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Its path.</summary>
    public string FullPath { get; } = Directory.CreateTempSubdirectory("flashkv-cli-").FullName;

    /// <summary>A path in the directory.</summary>
    public string this[string name] => Path.Combine(FullPath, name);

    /// <summary>Writes a file of Latin-1 text, a character a byte, and answers its path.</summary>
    public string Write(string name, string text) =>
        Write(name, System.Text.Encoding.Latin1.GetBytes(text));

    /// <summary>Writes a file and answers its path.</summary>
    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
