using System.Globalization;
using System.Text;
using FlashKV.Memory;

namespace FlashKV.Clones;

/// <summary>
/// A path that fits into the address of a socket, of which a longer one is reached by a descriptor
/// of its directory. Valid until it is disposed.
/// </summary>
internal sealed class ShortPath : IDisposable
{
    private const int LongestBytes = 107;

    private readonly int _descriptor;

    private ShortPath(string value, int descriptor)
    {
        Value = value;
        _descriptor = descriptor;
    }

    public string Value { get; }

    /// <summary>Shortens a path, if that is needed and its directory can be opened.</summary>
    public static ShortPath Of(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) <= LongestBytes)
        {
            return new ShortPath(path, -1);
        }

        int descriptor = DirectoryEntries.TryOpen(Path.GetDirectoryName(path)!);
        return descriptor < 0
            ? new ShortPath(path, -1)
            : new ShortPath(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"/proc/self/fd/{descriptor}/{Path.GetFileName(path)}"),
                descriptor);
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            DirectoryEntries.CloseOpened(_descriptor);
        }
    }
}
