using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The free command blocks: a bitmap in shards of up to 64 blocks, each on a cache line of its own.
/// One compare-and-swap claims or frees many blocks. Since the word is the whole state of a shard,
/// there is no ABA. Any number of threads may use it at once.
/// </summary>
internal sealed class FreeBlocks
{
    private const int MaxShardBits = 64;
    private const int MinShardBits = 8;

    private readonly Shard[] _shards;
    private readonly int _shardShift;

    internal FreeBlocks(int count, int processors)
    {
        Debug.Assert(BitOperations.IsPow2(count) && count >= MinShardBits, "Odd count.");

        int wanted = count / (int)BitOperations.RoundUpToPowerOf2((uint)processors);
        int shardBits = Math.Clamp(wanted, MinShardBits, MaxShardBits);
        _shardShift = BitOperations.Log2((uint)shardBits);
        _shards = new Shard[count >> _shardShift];
        foreach (ref Shard shard in _shards.AsSpan())
            shard.Free = ulong.MaxValue >> (MaxShardBits - shardBits);
        Total = count;
    }

    /// <summary>All blocks, free or not.</summary>
    internal int Total { get; }

    /// <summary>The free blocks at this moment; only a hint when others claim and free.</summary>
    internal int Count
    {
        get
        {
            int count = 0;
            foreach (ref Shard shard in _shards.AsSpan())
                count += BitOperations.PopCount(Volatile.Read(ref shard.Free));
            return count;
        }
    }

    /// <summary>Claims up to <paramref name="wanted"/> blocks of one shard.</summary>
    /// <param name="wanted">The most blocks to claim, at least 1.</param>
    /// <param name="hint">Where to look first, any number; a thread keeps to its own.</param>
    /// <param name="first">The index of the block that bit 0 of the mask stands for.</param>
    /// <param name="mask">The claimed blocks.</param>
    /// <returns><see langword="false"/> when no block is free.</returns>
    internal bool TryClaim(int wanted, int hint, out int first, out ulong mask)
    {
        Debug.Assert(wanted > 0, "Wanted nothing.");

        for (int i = 0; i < _shards.Length; i++)
        {
            int index = (hint + i) & (_shards.Length - 1);
            mask = ClaimIn(ref _shards[index].Free, wanted);
            if (mask != 0)
            {
                first = index << _shardShift;
                return true;
            }
        }

        first = 0;
        mask = 0;
        return false;
    }

    /// <summary>The shard of a block.</summary>
    internal int ShardOf(int index) => index >> _shardShift;

    /// <summary>The bit of a block in its shard.</summary>
    internal ulong BitOf(int index) => 1UL << (index & ((1 << _shardShift) - 1));

    /// <summary>Frees blocks of one shard.</summary>
    internal void Free(int shard, ulong mask)
    {
        ulong before = Interlocked.Or(ref _shards[shard].Free, mask);
        Debug.Assert((before & mask) == 0, "Freed a free block.");
    }

    /// <summary>Frees one block.</summary>
    internal void Free(int index) => Free(ShardOf(index), BitOf(index));

    // A failed exchange means that another thread claimed or freed, so the threads as a whole
    // advance however often this one repeats.
    private static ulong ClaimIn(ref ulong word, int wanted)
    {
        ulong free = Volatile.Read(ref word);
        while (free != 0)
        {
            ulong taken = LowestBits(free, wanted);
            ulong seen = Interlocked.CompareExchange(ref word, free & ~taken, free);
            if (seen == free)
                return taken;
            free = seen;
        }

        return 0;
    }

    private static ulong LowestBits(ulong bits, int count)
    {
        if (count >= MaxShardBits)
            return bits;
        if (Bmi2.X64.IsSupported)
            return Bmi2.X64.ParallelBitDeposit((1UL << count) - 1, bits);

        ulong rest = bits;
        for (int i = 0; i < count && rest != 0; i++)
            rest &= rest - 1;
        return bits & ~rest;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Shard
    {
        [FieldOffset(64)]
        internal ulong Free;
    }
}
