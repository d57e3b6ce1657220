using System.Runtime.InteropServices;

namespace FlashKV.Workloads.Limits;

/// <summary>
/// A file past the page cache, by positioned calls, one at a time: what the machine does when
/// nothing is between. Linux on x64 only.
/// </summary>
internal sealed unsafe partial class DirectFile : IDisposable
{
    public const int BlockBytes = 4096;

    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int Synchronous = 0x1000;
    private const int Direct = 0x4000;
    private const int OwnerOnly = 0x180;
    private const int FillBytes = 1 << 20;

    private readonly int _descriptor;
    private readonly byte* _buffer;

    private DirectFile(string path, bool isSynchronous)
    {
        int flags = ReadWrite | Create | Direct | (isSynchronous ? Synchronous : 0);
        _descriptor = Open(path, flags, OwnerOnly);
        Check(_descriptor, "open");
        _buffer = (byte*)NativeMemory.AlignedAlloc(FillBytes, BlockBytes);
        NativeMemory.Fill(_buffer, FillBytes, 0x5A);
    }

    /// <summary>Whether this machine can.</summary>
    public static bool IsSupported =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Opens a file, and writes all of it if it is new.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="bytes">Its size, a whole number of MiB.</param>
    /// <param name="isSynchronous">Whether each write is on stable storage when it returns.</param>
    public static DirectFile OpenFilled(string path, long bytes, bool isSynchronous)
    {
        bool isNew = !File.Exists(path);
        DirectFile file = new(path, isSynchronous);
        for (long offset = 0; isNew && offset < bytes; offset += FillBytes)
        {
            Check(Write(file._descriptor, file._buffer, FillBytes, offset), "pwrite");
        }

        file.Flush();
        return file;
    }

    public void WriteBlock(long block) =>
        Check(Write(_descriptor, _buffer, BlockBytes, block * BlockBytes), "pwrite");

    public void ReadBlock(long block) =>
        Check(Read(_descriptor, _buffer, BlockBytes, block * BlockBytes), "pread");

    public void Flush() => Check(Synchronize(_descriptor), "fdatasync");

    public void Dispose()
    {
        _ = Close(_descriptor);
        NativeMemory.AlignedFree(_buffer);
    }

    private static void Check(nint result, string call)
    {
        if (result < 0)
        {
            throw new IOException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport(
        "libc",
        EntryPoint = "open",
        SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint Read(int descriptor, byte* buffer, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
