using BenchmarkDotNet.Attributes;
using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Microbenchmarks;

/// <summary>
/// The hash index alone: no record is read, keys are the numbers 1 to <see cref="Keys"/>. Every
/// figure is per key. The set-up prints the bytes per key.
/// </summary>
[MemoryDiagnoser]
public class IndexProbeBenchmarks
{
    private const int Operations = 1 << 16;
    private const int BatchSize = 32;
    private const int AddressShift = 3;

    private readonly ulong[] _hashes = new ulong[BatchSize];
    private UnmanagedMemory _memory = null!;
    private HashIndex _index = null!;
    private ulong _state;
    private long _oldest;
    private long _newest;

    /// <summary>Gets or sets the number of keys in the index.</summary>
    [Params(100_000, 1_000_000, 10_000_000)]
    public int Keys { get; set; }

    /// <summary>Fills the index, growing from its smallest size.</summary>
    [GlobalSetup]
    public void Fill()
    {
        _memory = new UnmanagedMemory(4L << 30);
        _index = new HashIndex(_memory);
        for (long key = 1; key <= Keys; key++)
        {
            InsertKey(key);
        }

        _oldest = 1;
        _newest = Keys;
        Console.WriteLine(
            $"// {Keys} keys: {(double)_index.BytesUsed / Keys:F2} bytes per key, "
            + $"{_index.BucketCount} buckets");
    }

    /// <summary>Gives the memory back.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _index.Dispose();
        _memory.Dispose();
    }

    /// <summary>Looks up keys that are there; the processor may overlap the lookups.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public long ProbeHit()
    {
        long sum = 0;
        for (int operation = 0; operation < Operations; operation++)
        {
            sum += Find(NextKey());
        }

        return sum;
    }

    /// <summary>Looks up keys that are there, each chosen by the result before it.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public long ProbeHitDependent()
    {
        long found = 0;
        for (int operation = 0; operation < Operations; operation++)
        {
            _state ^= (ulong)found;
            found = Find(NextKey());
        }

        return found;
    }

    /// <summary>Looks up keys that are there, in groups whose buckets are prefetched.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public long ProbeHitBatch32()
    {
        long sum = 0;
        Span<long> keys = stackalloc long[BatchSize];
        for (int operation = 0; operation < Operations; operation += BatchSize)
        {
            for (int item = 0; item < BatchSize; item++)
            {
                keys[item] = NextKey();
                _hashes[item] = Hash(keys[item]);
                _index.Prefetch(_hashes[item]);
            }

            for (int item = 0; item < BatchSize; item++)
            {
                sum += Find(keys[item], _hashes[item]);
            }
        }

        return sum;
    }

    /// <summary>Looks up keys that are not there.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public long ProbeMiss()
    {
        long sum = 0;
        for (int operation = 0; operation < Operations; operation++)
        {
            sum += Find(NextKey() + (1L << 32));
        }

        return sum;
    }

    /// <summary>Stores a new address for keys that are there.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public void Replace()
    {
        for (int operation = 0; operation < Operations; operation++)
        {
            long key = NextKey();
            using BucketWriter bucket = _index.Acquire(Hash(key));
            while (bucket.Next(out IndexEntry entry))
            {
                if (entry.Address == key << AddressShift)
                {
                    bucket.Replace(entry);
                    break;
                }
            }
        }
    }

    /// <summary>Inserts a new key and removes the oldest; the figure is for both.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public void InsertAndRemove()
    {
        for (int operation = 0; operation < Operations; operation++)
        {
            InsertKey(++_newest);
            RemoveKey(_oldest++);
        }
    }

    /// <summary>Inserts keys into an index that grows from its smallest size.</summary>
    [Benchmark(OperationsPerInvoke = Operations)]
    public long InsertGrowing()
    {
        using HashIndex index = new(_memory);
        for (long key = 1; key <= Operations; key++)
        {
            using BucketWriter bucket = index.Acquire(Hash(key));
            bucket.Insert(IndexEntry.Create(key << AddressShift, 0));
        }

        return index.Count;
    }

    private static ulong Hash(long key)
    {
        ulong hash = (ulong)key * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ hash >> 32) * 0xD6E8_FEB8_6659_FD93;
        return hash ^ hash >> 32;
    }

    // One of the keys that are there now.
    private long NextKey()
    {
        _state = _state * 6364136223846793005 + 1442695040888963407;
        return _oldest + (long)Math.BigMul(_state, (ulong)Keys, out _);
    }

    private long Find(long key) => Find(key, Hash(key));

    private long Find(long key, ulong hash)
    {
        while (true)
        {
            BucketProbe probe = _index.Probe(hash);
            while (probe.Next(out IndexEntry entry))
            {
                if (entry.Address == key << AddressShift)
                {
                    return key;
                }
            }

            if (probe.IsComplete())
            {
                return 0;
            }
        }
    }

    private void InsertKey(long key)
    {
        using BucketWriter bucket = _index.Acquire(Hash(key));
        if (!bucket.Insert(IndexEntry.Create(key << AddressShift, 0)))
        {
            throw new InvalidOperationException("no memory");
        }
    }

    private void RemoveKey(long key)
    {
        using BucketWriter bucket = _index.Acquire(Hash(key));
        while (bucket.Next(out IndexEntry entry))
        {
            if (entry.Address == key << AddressShift)
            {
                bucket.Remove();
                return;
            }
        }

        throw new InvalidOperationException($"key {key} is gone");
    }
}
