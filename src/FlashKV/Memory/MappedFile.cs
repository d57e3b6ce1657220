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

    private MappedFile(MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        _file = file;
        _view = view;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _address);
        _address += view.PointerOffset;
    }

    /// <summary>
    /// Opens a file of the given length; creates it where it is missing, and then it is there only
    /// once it is whole.
    /// </summary>
    /// <exception cref="IOException">
    /// There is no room for it, or the file system refused.
    /// </exception>
    public static MappedFile Open(string path, int length)
    {
        if (!File.Exists(path))
        {
            string fresh = path + ".new";
            WriteZeros(fresh, length);
            File.Move(fresh, path);
            DirectoryEntries.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }

        FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream,
            null,
            length,
            MemoryMappedFileAccess.ReadWrite,
            HandleInheritability.None,
            leaveOpen: false);
        var mapped = new MappedFile(file, file.CreateViewAccessor(0, length));

        // An opening looks at all of it: a call instead of a fault for each page.
        MemoryMap.PopulateForReading((nint)mapped._address, length);
        return mapped;
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
