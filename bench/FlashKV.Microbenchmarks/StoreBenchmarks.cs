using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;

namespace FlashKV.Microbenchmarks;

/// <summary>
/// A store that is all in memory: a million keys of 16 bytes with values of 100 bytes, one thread,
/// uniform. Every figure is per key.
/// </summary>
[MemoryDiagnoser]
public class StoreBenchmarks
{
    private const int Keys = 1_000_000;
    private const int KeyBytes = 16;
    private const int ValueBytes = 100;
    private const int Group = 64;

    private readonly byte[] _key = new byte[KeyBytes];
    private readonly byte[] _value = new byte[ValueBytes];
    private readonly byte[][] _groupBytes =
        [.. Enumerable.Range(0, Group).Select(_ => new byte[KeyBytes])];

    private readonly GetManyResult _results = new();
    private ReadOnlyMemory<byte>[] _group = [];
    private string _directory = "";
    private FlashStore _store = null!;
    private ulong _state = 1;

    /// <summary>Fills a store in a temporary directory.</summary>
    [GlobalSetup]
    public void Fill()
    {
        _directory = Directory.CreateTempSubdirectory("flashkv-micro-").FullName;
        _store = FlashStore.Open(_directory);
        _group = [.. _groupBytes.Select(key => (ReadOnlyMemory<byte>)key)];
        for (int number = 0; number < Keys; number++)
        {
            Name(_key, number);
            _store.Put(_key, _value, Durability.Buffered);
        }

        _store.Flush();
    }

    /// <summary>Closes and deletes it.</summary>
    [GlobalCleanup]
    public void Delete()
    {
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Copies a value; the processor may overlap one get with the next.</summary>
    [Benchmark(Baseline = true)]
    public int Get()
    {
        Name(_key, Next());
        return _store.Get(_key, _value);
    }

    /// <summary>Copies a value of a key that was chosen by the one before it.</summary>
    [Benchmark]
    public int GetDependent()
    {
        _state += _value[ValueBytes / 2];
        Name(_key, Next());
        int length = _store.Get(_key, _value);
        _state += (ulong)length;
        return length;
    }

    /// <summary>Looks for a key that is not there.</summary>
    [Benchmark]
    public bool GetAbsent()
    {
        Name(_key, Keys + Next());
        return _store.Contains(_key);
    }

    /// <summary>Reads 64 keys at once.</summary>
    [Benchmark(OperationsPerInvoke = Group)]
    public int GetMany()
    {
        foreach (byte[] key in _groupBytes)
        {
            Name(key, Next());
        }

        return _store.GetMany(_group, _results);
    }

    /// <summary>
    /// Puts a new version of a key, buffered: with flushing, sealing and compaction beside it.
    /// </summary>
    [Benchmark]
    public void Put()
    {
        Name(_key, Next());
        _store.Put(_key, _value, Durability.Buffered);
    }

    private static void Name(Span<byte> key, int number) =>
        BinaryPrimitives.WriteInt32BigEndian(key[^sizeof(int)..], number);

    private int Next()
    {
        _state = (_state * 6364136223846793005) + 1442695040888963407;
        return (int)Math.BigMul(_state, (ulong)Keys, out _);
    }
}
