using System.Runtime.InteropServices;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// Memory that an adapter may read and write, in the middle of addresses at which there is nothing:
/// however long a transfer is, it hits nothing else of this process.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    public const int SizeInBytes = 1 << 20;

    // The longest transfer of a command is four gigabytes.
    private const ulong GuardBytes = 5UL << 30;
    private const ulong LowestAddress = 1 << 16;
    private const ulong HighestAddress = 1UL << 47;
    private const int PrivateAnonymous = 0x4022; // MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE
    private const int ReadWrite = 3;

    private readonly byte* _start;

    public GuardedMemory()
    {
        _start = Map(null, TotalBytes, 0, PrivateAnonymous, -1, 0);
        if ((nint)_start == -1 || Protect(_start + GuardBytes, SizeInBytes, ReadWrite) != 0)
        {
            throw new InvalidOperationException("There are no addresses.");
        }
    }

    /// <summary>Where the memory is.</summary>
    public ulong Address => (ulong)_start + GuardBytes;

    private static nuint TotalBytes => nuint.CreateChecked(2 * GuardBytes) + SizeInBytes;

    // SAFETY: the memory has that many bytes until this is disposed.
    public Span<byte> Bytes => new((byte*)Address, SizeInBytes);

    /// <summary>Gives an address, or one at which nothing else of this process is.</summary>
    public ulong Tame(ulong address)
    {
        bool isInside = address >= (ulong)_start && address - (ulong)_start < TotalBytes;
        return isInside || address is < LowestAddress or >= HighestAddress
            ? address
            : Address + (address % SizeInBytes);
    }

    public void Dispose() => _ = Unmap(_start, TotalBytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* Map(
        byte* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(byte* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* address, nuint length);
}
