using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Concurrency;

/// <summary>One of the threads that use a store at once; it writes down all that it does.</summary>
internal sealed class ConcurrentClient(FlashStore store, int number, int seed)
{
    /// <summary>The groups of keys.</summary>
    public const int Groups = 6;

    private const int FillersPerCall = 2;
    private const int LongValue = 30_000;

    private readonly Random _random = new((seed * 31) + number);
    private readonly List<Call>[] _calls =
        [.. Enumerable.Range(0, Groups).Select(static _ => new List<Call>())];
    private long _writes;

    /// <summary>What was called on the keys of a group in this round.</summary>
    public IReadOnlyList<Call> CallsOn(int group) => _calls[group];

    /// <summary>Begins a round.</summary>
    public void Clear() => Array.ForEach(_calls, static calls => calls.Clear());

    /// <summary>Makes calls, no more on a group than its share of what can be checked.</summary>
    public void Run(int calls, int mostPerGroup)
    {
        for (int i = 0; i < calls; i++)
        {
            int group = _random.Next(Groups);
            if (_calls[group].Count < mostPerGroup)
            {
                Call(group);
            }

            for (int filler = 0; filler < FillersPerCall; filler++)
            {
                // So that indexes grow and segments fill up.
                store.Put(
                    Encoding.ASCII.GetBytes($"filler {number} {_random.Next(1 << 20)}"),
                    new byte[_random.Next(400)],
                    Durability.Buffered);
            }
        }
    }

    /// <summary>Reads all keys of a group; nobody writes meanwhile.</summary>
    public IEnumerable<Call> ReadAll(int group)
    {
        for (int key = 0; key < GroupState.Keys; key++)
        {
            yield return Timed(CallKind.Get, key, 0, () => Get(group, key));
        }
    }

    private static byte[] Name(int group, int key) =>
        Encoding.ASCII.GetBytes($"group {group}, key {key}");

    private void Call(int group)
    {
        int key = _random.Next(GroupState.Keys);
        Durability durability = _random.Next(8) == 0 ? Durability.Durable : Durability.Buffered;
        long write = (++_writes * 64) + number + 1;
        _calls[group].Add(_random.Next(10) switch
        {
            < 3 => Timed(CallKind.Put, key, write, () => Put(group, key, write, durability)),
            3 => Timed(CallKind.Delete, key, write,
                () => store.Delete(Name(group, key), durability) ? 1 : 0),
            < 7 => Timed(CallKind.Get, key, 0, () => Get(group, key)),
            7 => Timed(CallKind.Contains, key, 0,
                () => store.Contains(Name(group, key)) ? 1 : 0),
            _ => Batch(group, write, durability),
        });
    }

    private static Call Timed(CallKind kind, int key, long write, Func<long> call)
    {
        long begun = Stopwatch.GetTimestamp();
        long answer = call();
        return new Call(kind, key, write, answer, begun, Stopwatch.GetTimestamp());
    }

    private long Put(int group, int key, long write, Durability durability)
    {
        store.Put(Name(group, key), Value(write), durability);
        return 0;
    }

    private Call Batch(int group, long write, Durability durability)
    {
        int deletes = _random.Next(4) == 0 ? _random.Next(1 << GroupState.Keys) : 0;
        using WriteBatch batch = store.CreateBatch();
        for (int key = 0; key < GroupState.Keys; key++)
        {
            if ((deletes >> key & 1) != 0)
            {
                batch.Delete(Name(group, key));
            }
            else
            {
                batch.Put(Name(group, key), Value(write));
            }
        }

        return Timed(CallKind.Batch, deletes, write, () =>
        {
            batch.Commit(durability);
            return 0;
        });
    }

    private long Get(int group, int key)
    {
        if (!store.TryGet(Name(group, key), out ValueLease value))
        {
            return 0;
        }

        using (value)
        {
            return NumberOf(value.Span);
        }
    }

    // All of a value follows from the number of its write.
    private static byte[] Value(long write)
    {
        var random = new Random((int)write);
        byte[] value = new byte[random.Next(20) == 0 ? LongValue : random.Next(8, 300)];
        random.NextBytes(value);
        BinaryPrimitives.WriteInt64LittleEndian(value, write);
        return value;
    }

    private static long NumberOf(ReadOnlySpan<byte> value)
    {
        long write = value.Length < sizeof(long)
            ? 0
            : BinaryPrimitives.ReadInt64LittleEndian(value);
        return write > 0 && value.SequenceEqual(Value(write))
            ? write
            : throw new ModelException("A value is not what any write has written.");
    }
}
