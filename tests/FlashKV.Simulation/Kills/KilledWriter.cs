using System.Buffers.Binary;
using System.Text;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Kills;

/// <summary>
/// The process that is killed: it opens the store on its file, compares all keys with the expected
/// state, and then writes with several threads, batches among it, and compacts, until it dies.
/// </summary>
internal sealed class KilledWriter : IDisposable
{
    private const int Writers = 3;
    private const int SingleKeys = 40;
    private const int Groups = 10;
    private const int KeysOfGroup = 3;
    private const int SlotsPerWriter = SingleKeys + Groups;
    private const int DeletedEvery = 7;
    private const int LongEvery = 16;
    private const int LongValue = 30_000;
    private const int ReportEvery = 20;

    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        Capacity = 2L << 30,
        MemoryBudget = 64L << 20,
        SpaceAmplification = 1.1,
    };

    private readonly FlashStore _store;
    private readonly ExpectedState _state;

    private KilledWriter(string directory)
    {
        Directory.CreateDirectory(directory);
        _state = new ExpectedState(Path.Combine(directory, "expected"), Writers * SlotsPerWriter);
        _store = FlashStore.Open(Path.Combine(directory, "store"), s_options);
    }

    /// <summary>Compares, and writes until it is killed.</summary>
    /// <param name="directory">The directory of store and expected state.</param>
    /// <param name="seed">What the choices come from.</param>
    /// <param name="isLast">Whether to verify the store instead of writing.</param>
    /// <returns>0 if all is as expected.</returns>
    public static int Run(string directory, int seed, bool isLast)
    {
        using var writer = new KilledWriter(directory);
        try
        {
            writer.Check();
            if (isLast)
            {
                return writer._store.Verify().IsWhole
                    ? 0
                    : throw new ModelException("Verify finds damage.");
            }
        }
        catch (Exception failure)
        {
            Console.WriteLine($"FAILED: {failure.Message}");
            return 1;
        }

        Console.WriteLine("checked");
        Thread[] threads = [.. Enumerable.Range(0, Writers).Select(
            number => new Thread(() => writer.Write(number, new Random((seed * 10) + number))))];
        Array.ForEach(threads, static thread => thread.Start());
        while (true)
        {
            writer._store.CompactAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    public void Dispose()
    {
        _store.Dispose();
        _state.Dispose();
    }

    private static byte[][] KeysOf(int slot)
    {
        int inWriter = slot % SlotsPerWriter;
        return inWriter < SingleKeys
            ? [Encoding.ASCII.GetBytes($"key {slot}")]
            : [.. Enumerable.Range(0, KeysOfGroup).Select(
                key => Encoding.ASCII.GetBytes($"group {slot}, key {key}"))];
    }

    // All of a value follows from its version; null stands for a deleted key.
    private static byte[]? Value(long version)
    {
        if (version % DeletedEvery == 0)
        {
            return null;
        }

        var random = new Random((int)version);
        byte[] value = new byte[version % LongEvery == 1 ? LongValue : random.Next(8, 2_000)];
        random.NextBytes(value);
        BinaryPrimitives.WriteInt64LittleEndian(value, version);
        return value;
    }

    private void Check()
    {
        for (int slot = 0; slot < Writers * SlotsPerWriter; slot++)
        {
            long acknowledged = _state.Acknowledged(slot);
            long begun = _state.Begun(slot);
            byte[]?[] found = Array.ConvertAll(KeysOf(slot), key => _store.Get(key));
            long there = Has(found, begun) ? begun
                : Has(found, acknowledged) ? acknowledged
                : throw new ModelException(
                    $"slot {slot}: version {acknowledged} was acknowledged and {begun} begun, and "
                    + $"there is {string.Join(", ", found.Select(Describe))}");
            _state.Begin(slot, there);
            _state.Acknowledge(slot, there);
        }
    }

    private static bool Has(byte[]?[] found, long version) =>
        Array.TrueForAll(found, value => Value(version) is { } expected
            ? value.AsSpan().SequenceEqual(expected) && value is not null
            : value is null);

    private static string Describe(byte[]? value) => value is null
        ? "nothing"
        : $"version {BinaryPrimitives.ReadInt64LittleEndian(value)} of {value.Length} bytes";

    private void Write(int number, Random random)
    {
        for (int i = 1; ; i++)
        {
            int slot = (number * SlotsPerWriter) + random.Next(SlotsPerWriter);
            long version = _state.Acknowledged(slot) + 1;
            Durability durability = random.Next(4) == 0
                ? Durability.Durable
                : Durability.Buffered;
            _state.Begin(slot, version);
            Write(KeysOf(slot), Value(version), durability);
            _state.Acknowledge(slot, version);
            if (i % ReportEvery == 0)
            {
                Console.WriteLine("wrote");
            }
        }
    }

    private void Write(byte[][] keys, byte[]? value, Durability durability)
    {
        if (keys.Length == 1 && value is not null)
        {
            _store.Put(keys[0], value, durability);
            return;
        }

        if (keys.Length == 1)
        {
            _store.Delete(keys[0], durability);
            return;
        }

        using WriteBatch batch = _store.CreateBatch();
        foreach (byte[] key in keys)
        {
            if (value is null)
            {
                batch.Delete(key);
            }
            else
            {
                batch.Put(key, value);
            }
        }

        batch.Commit(durability);
    }
}
