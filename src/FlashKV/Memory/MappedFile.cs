using System.IO.MemoryMappedFiles;

namespace FlashKV.Memory;

/// <summary>
/// A file mapped into memory, shared, so that what is stored in it outlives the process. All of its
/// blocks are allocated when it is created, so that a full disk cannot fail a store to the mapping.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _address;

    private MappedFile(MemoryMappedFile file, MemoryMappedViewAccessor view, bool isNew)
    {
        _file = file;
        _view = view;
        IsNew = isNew;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _address);
        _address += view.PointerOffset;
    }

    /// <summary>Whether the file was created, or had another length and was written anew.</summary>
    public bool IsNew { get; }

    /// <summary>Opens a file of the given length; creates or replaces it where it is not so.</summary>
    /// <exception cref="IOException">There is no room for it, or the file system refused.</exception>
    public static MappedFile Open(string path, int length)
    {
        bool isNew = !File.Exists(path) || new FileInfo(path).Length != length;
        if (isNew)
        {
            WriteZeros(path, length);
        }

        FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, false);
        return new MappedFile(file, file.CreateViewAccessor(0, length), isNew);
    }

    public NativeRegion Region(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)length, _view.Capacity);

        // SAFETY: inside the mapping, which stays until Dispose.
        return new NativeRegion((nint)(_address + offset), length);
    }

    public void Dispose()
    {
        if (_address != null)
        {
            _address = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }

    private static void WriteZeros(string path, int length)
    {
        using FileStream stream = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        byte[] zeros = new byte[1 << 20];
        for (int written = 0; written < length; written += zeros.Length)
        {
            stream.Write(zeros, 0, Math.Min(zeros.Length, length - written));
        }

        stream.Flush(flushToDisk: true);
    }
}
