using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The LBA translation table of one virtual LUN: 8-byte entries in memory that the AFU reads
/// (SP §4.10). Allocated in groups of eight entries, as the driver does.
/// </summary>
internal sealed unsafe class LxtArray : CriticalFinalizerObject, IDisposable
{
    private readonly int _capacity;
    private ulong* _entries;

    /// <summary>Makes a zeroed table.</summary>
    /// <param name="groups">The number of groups of eight entries, at least 1.</param>
    internal LxtArray(int groups)
    {
        _capacity = groups * CxlflashLimits.LxtGroupSize;

        // SAFETY: zeroed before use, freed by Dispose once no lane can read it.
        _entries = (ulong*)NativeMemory.AllocZeroed((nuint)_capacity, SislLxtEntry.SizeInBytes);
    }

    ~LxtArray() => Free();

    /// <summary>What goes into lxt_start.</summary>
    internal ulong Address => (ulong)_entries;

    /// <summary>All entries, used or not.</summary>
    internal Span<ulong> Entries => new(_entries, _entries == null ? 0 : _capacity);

    /// <summary>The number of groups that a number of chunks needs.</summary>
    internal static long GroupsFor(long chunks) =>
        (chunks + CxlflashLimits.LxtGroupSize - 1) / CxlflashLimits.LxtGroupSize;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // SAFETY: from AllocZeroed; freeing null is harmless.
        NativeMemory.Free(_entries);
        _entries = null;
    }
}
