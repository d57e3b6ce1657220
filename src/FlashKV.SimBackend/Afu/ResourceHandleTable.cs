using System.Diagnostics;
using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The resource handle table of one context: a page of 16-byte entries that the AFU reads
/// (SP §4.10). It outlives the AFU's context: after a reset the next one gets the same table.
/// </summary>
internal sealed unsafe class ResourceHandleTable : CriticalFinalizerObject, IDisposable
{
    private SislRhtEntry* _entries;

    /// <summary>Makes an empty table.</summary>
    /// <param name="count">The number of entries: what a page holds.</param>
    internal ResourceHandleTable(int count)
    {
        Debug.Assert(int.IsPow2(count), "a page");
        Count = count;
        nuint bytes = (nuint)(count * SislRhtEntry.SizeInBytes);

        // SAFETY: a page of its own, cleared before use; freed by Dispose once no lane reads it.
        _entries = (SislRhtEntry*)NativeMemory.AlignedAlloc(bytes, bytes);
        NativeMemory.Clear(_entries, bytes);
    }

    ~ResourceHandleTable() => Free();

    /// <summary>The number of entries.</summary>
    internal int Count { get; }

    /// <summary>What goes into rht_start.</summary>
    internal ulong Address => (ulong)_entries;

    /// <summary>An entry of format 0.</summary>
    internal ref SislRhtEntry this[int handle]
    {
        get
        {
            Debug.Assert((uint)handle < (uint)Count, "a handle of this table");
            ObjectDisposedException.ThrowIf(_entries == null, this);
            return ref _entries[handle];
        }
    }

    /// <summary>The same entry as format 1.</summary>
    internal ref SislRhtEntryF1 Physical(int handle) =>
        ref AbiBytes.As<SislRhtEntry, SislRhtEntryF1>(ref this[handle]);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // SAFETY: from AlignedAlloc; freeing null is harmless.
        NativeMemory.AlignedFree(_entries);
        _entries = null;
    }
}
