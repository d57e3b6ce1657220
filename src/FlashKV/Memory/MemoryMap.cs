using System.Runtime.InteropServices;

namespace FlashKV.Memory;

/// <summary>Anonymous zeroed mappings of Linux, in huge pages where they are large.</summary>
internal static unsafe partial class MemoryMap
{
    /// <summary>The size and alignment of a huge page, in bytes.</summary>
    public const long HugePageBytes = 2L << 20;

    private const int ReadWrite = 0x1 | 0x2; // PROT_READ | PROT_WRITE
    private const int PrivateAnonymous = 0x02 | 0x20; // MAP_PRIVATE | MAP_ANONYMOUS
    private const int AdviseHugePage = 14; // MADV_HUGEPAGE
    private const int AdvisePopulateRead = 22; // MADV_POPULATE_READ, Linux 5.14
    private const int AdvisePopulateWrite = 23; // MADV_POPULATE_WRITE, Linux 5.14
    private const nint Failed = -1;

    /// <summary>Gets whether this platform has these mappings.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Maps zeroed memory.</summary>
    /// <param name="length">Bytes, a whole number of pages.</param>
    /// <returns>
    /// The address, aligned to a huge page when <paramref name="length"/> is at least one, else to
    /// a page; 0 when the kernel refused.
    /// </returns>
    public static nint Map(long length) =>
        length < HugePageBytes ? MapPages(length) : MapHuge(length);

    /// <summary>Gives a mapping back.</summary>
    /// <param name="address">What <see cref="Map"/> returned.</param>
    /// <param name="length">What <see cref="Map"/> was asked for.</param>
    public static void Unmap(nint address, long length)
    {
        if (length > 0)
        {
            _ = NativeUnmap(address, (nuint)length);
        }
    }

    /// <summary>Makes the pages of a mapping present before their first use.</summary>
    /// <returns>False when this kernel cannot; the pages come at their first use then.</returns>
    public static bool Populate(nint address, long length) =>
        NativeAdvise(address, (nuint)length, AdvisePopulateWrite) == 0;

    private static nint MapPages(long length)
    {
        nint address = NativeMap(0, (nuint)length, ReadWrite, PrivateAnonymous, -1, 0);
        return address == Failed ? 0 : address;
    }

    /// <summary>
    /// Maps the pages of a file that is mapped, at once instead of one by one as they are looked at.
    /// Where the kernel cannot, nothing is changed.
    /// </summary>
    public static void PopulateForReading(nint address, long length)
    {
        if (IsSupported)
        {
            _ = NativeAdvise(address, (nuint)length, AdvisePopulateRead);
        }
    }

    // The kernel aligns to small pages only: ask for one huge page more and cut both ends off.
    private static nint MapHuge(long length)
    {
        nint mapped = MapPages(length + HugePageBytes);
        if (mapped == 0)
        {
            return 0;
        }

        nint address = (nint)(((long)mapped + HugePageBytes - 1) & -HugePageBytes);
        long before = address - mapped;
        Unmap(mapped, before);
        Unmap(address + (nint)length, HugePageBytes - before);
        _ = NativeAdvise(address, (nuint)length, AdviseHugePage);
        return address;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint NativeMap(
        nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int NativeUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int NativeAdvise(nint address, nuint length, int advice);
}
