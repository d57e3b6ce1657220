using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Tests;

/// <summary>
/// Pages of this process in a row: first one to read and write, then one to read only, then one
/// that is not there, with nothing behind it.
/// </summary>
internal sealed unsafe partial class PagesOfMemory : IDisposable
{
    private const int PageBytes = 4096;
    private const int NoAccess = 0;
    private const int ReadOnly = 1;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly nint _address = Map(0, 4 * PageBytes, ReadWrite, PrivateAnonymous, -1, 0);

    internal PagesOfMemory()
    {
        Assert.NotEqual(-1, _address);
        Assert.Equal(0, Protect(_address + PageBytes, PageBytes, ReadOnly));
        Assert.Equal(0, Protect(_address + (2 * PageBytes), 2 * PageBytes, NoAccess));
    }

    internal ulong Writable => (ulong)_address;

    internal ulong Readable => (ulong)_address + PageBytes;

    internal ulong Absent => (ulong)_address + (2 * PageBytes);

    public void Dispose() => Assert.Equal(0, Unmap(_address, 4 * PageBytes));

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(
        nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
