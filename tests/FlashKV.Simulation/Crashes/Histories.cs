using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Crashes;

/// <summary>The histories that are stopped everywhere.</summary>
internal static class Histories
{
    private const int Large = 60_000;

    private static readonly MachineOptions s_one = new();
    private static readonly MachineOptions s_two = new() { Shards = 2 };

    // The mask leaves two hashes, so keys have the whole hash in common.
    private static readonly MachineOptions s_colliding = new() { HashMask = 1 };

    // Two hashes again, in one bucket.
    private static readonly MachineOptions s_oneBucket = new() { HashMask = 1UL << 40 };

    public static IReadOnlyList<History> All { get; } =
    [
        new("creation", s_two, static _ => { }, Create),
        new("staged writes", s_one, Few, StagedWrites),
        new("durable writes", s_one, Few, DurableWrites),
        new("batches over shards", s_two, Few, Batches),
        new("a batch over segments", s_two, AlmostFull, BatchOverSegments),
        new("large batches", s_one, Few, LargeBatches),
        new("seal", s_one, ManySmall, SealAndWrite),
        new("filling segments", s_one, Few, FillSegments),
        new("growth", s_two, Few, Grow),
        new("compaction", s_one, Dead, Compact),
        new("compaction twice", s_one, static s => { Dead(s); s.Compact(); Dead(s); }, Compact),
        new("compaction with batches", s_two, DeadBatches, Compact),
        new("compaction in the background", s_one, MostlyDead, WorkInTurns),
        new("compaction of tombstones", s_one, OldVersionStays, static s => s.Compact()),
        new("compaction of a deleted key", s_one, DeletedInNext, static s => s.Compact()),
        new("compaction of what was just replaced", s_one, OneRecord, ReplaceAndCompact),
        new("compaction of half a batch", s_two, HalfSealed, static s => s.Compact()),
        new("power cuts at first flushes", s_one, FreeSlots, FirstFlushes),
        new("members without their commit record", s_two, MembersAlone, static s => s.Seal(1)),
        new("records at the same places", s_one, SamePlaces, static s => s.Seal(0)),
        new("equal hashes", s_colliding, Colliding, OverwriteColliding),
        new("equal hashes, the later key first", s_oneBucket, LaterFirst, OverwriteLater),
        new("close and reopen", s_two, Few, CloseAndReopen),
    ];

    /// <summary>The history of a name.</summary>
    public static History Find(string name) => All.Single(history => history.Name == name);

    private static void Few(Session session)
    {
        session.Open();
        for (int key = 0; key < 6; key++)
        {
            session.Put(key, 100 * key, Durability.Buffered);
        }

        session.Flush();
    }

    private static void Create(Session session)
    {
        session.Open();
        session.Put(1, 10, Durability.Durable);
        session.Put(2, 10, Durability.Buffered);
    }

    private static void StagedWrites(Session session)
    {
        session.Put(7, 500, Durability.Buffered);
        session.Put(7, 30, Durability.Buffered);
        session.Delete(1, Durability.Buffered);
        session.Put(1, 0, Durability.Buffered);
        session.Delete(99, Durability.Buffered);
        session.Flush();
        session.Put(2, 9_000, Durability.Buffered);
        session.Delete(7, Durability.Buffered);
        session.AdvanceFlush(0);
        session.Put(3, 10, Durability.Buffered);
    }

    private static void DurableWrites(Session session)
    {
        session.Put(7, 500, Durability.Durable);
        session.Delete(1, Durability.Durable);
        session.Put(1, 5_000, Durability.Durable);
        session.Put(8, 30, Durability.Buffered);
        session.Put(7, 3, Durability.Durable);
        session.Delete(8, Durability.Durable);
    }

    private static void Batches(Session session)
    {
        session.Batch([(1, 20), (2, 3_000), (3, 40), (4, -1), (5, 10)], Durability.Buffered);
        session.AdvanceFlush(1);
        session.Batch([(1, 30), (2, -1), (8, 50)], Durability.Durable);
        session.Put(1, 35, Durability.Buffered);
        session.Batch([(1, -1), (3, -1), (9, 600), (10, 60)], Durability.Buffered);
        session.AdvanceFlush(0);
        session.Batch([(1, 7), (2, 8), (9, 9), (10, 10)], Durability.Buffered);
    }

    // Each shard has room for little more in its first segment.
    private static void AlmostFull(Session session)
    {
        session.Open();
        for (int key = 0; key < 9; key++)
        {
            session.Put(key, Large - 5_000, Durability.Buffered);
        }

        session.Flush();
    }

    private static void BatchOverSegments(Session session)
    {
        session.Batch(
            [(1, Large), (2, Large), (3, Large), (4, Large), (5, 10), (6, 10)],
            Durability.Buffered);
        session.AdvanceFlush(0);
        session.Seal(0);
        session.Batch([(5, 30), (6, Large), (7, Large)], Durability.Buffered);
        session.Seal(1);
        session.Flush();
    }

    // Each record has blocks of its own, so that a power cut takes any of them.
    private static void LargeBatches(Session session)
    {
        session.Batch([(1, 9_000), (2, 9_000), (3, 9_000)], Durability.Buffered);
        session.Put(4, 5_000, Durability.Buffered);
        session.Flush();
        session.Batch([(2, -1), (5, 8_000), (6, 8_000)], Durability.Durable);
    }

    // More records than one block of the summary has entries.
    private static void ManySmall(Session session)
    {
        session.Open();
        for (int i = 0; i < 700; i++)
        {
            session.Put(i % 50, i % 40, Durability.Buffered);
        }

        session.Flush();
    }

    private static void SealAndWrite(Session session)
    {
        session.Put(1, 100, Durability.Buffered);
        session.Seal(0);
        session.Put(2, 100, Durability.Durable);
        session.Delete(3, Durability.Buffered);
        session.Seal(0);
    }

    private static void FillSegments(Session session)
    {
        for (int i = 0; i < 10; i++)
        {
            session.Put(i, Large, i % 3 == 0 ? Durability.Durable : Durability.Buffered);
        }
    }

    private static void Grow(Session session)
    {
        session.Put(1, 10, Durability.Buffered);
        session.Grow(1);
        session.Grow(0);
        session.Put(2, 10, Durability.Durable);
        session.Prepare(0);
        session.Grow(1);
    }

    // Segments with much that is dead, and tombstones of keys whose versions lie in older ones.
    private static void Dead(Session session)
    {
        if (!session.Machine.IsOpen)
        {
            session.Open();
        }

        for (int round = 0; round < 3; round++)
        {
            for (int key = 0; key < 10; key++)
            {
                session.Put(key, 5_000 + key, Durability.Buffered);
            }

            session.Delete(round, Durability.Buffered);
            session.Delete(9 - round, Durability.Buffered);
            session.Seal(0);
        }

        session.Flush();
    }

    private static void Compact(Session session)
    {
        session.Put(5, 300, Durability.Buffered);
        session.Compact();
        session.Delete(4, Durability.Buffered);
        session.Seal(0);
        session.Compact();
        session.Put(6, 300, Durability.Buffered);
    }

    // Enough that is dead for background work to compact, which puts up with two segments of it.
    private static void MostlyDead(Session session)
    {
        session.Open();
        for (int round = 0; round < 5; round++)
        {
            for (int key = 0; key < 4; key++)
            {
                session.Put(key, Large - (key == round % 4 ? 3_000 : 0), Durability.Buffered);
            }

            session.Put(10 + round, 200, Durability.Buffered);
            session.Seal(0);
        }

        session.Flush();
    }

    // A turn moves what is live, a later one frees the segment once all of that is flushed.
    private static void WorkInTurns(Session session)
    {
        session.Put(10, 300, Durability.Buffered);
        session.Work(0);
        session.Put(11, 300, Durability.Buffered);
        session.Delete(12, Durability.Buffered);
        session.Work(0);
        session.AdvanceFlush(0);
        session.Put(1, 300, Durability.Buffered);
        session.Work(0);
        session.Work(0);
    }

    // The segment with the old version is nearly all alive, so it stays; that of the tombstone goes.
    private static void OldVersionStays(Session session)
    {
        session.Open();
        session.Put(0, 40, Durability.Buffered);
        for (int key = 1; key < 4; key++)
        {
            session.Put(key, Large, Durability.Buffered);
        }

        session.Seal(0);
        session.Delete(0, Durability.Buffered);
        session.Put(11, 5_000, Durability.Buffered);
        session.Put(11, 5_000, Durability.Buffered);
        session.Seal(0);
    }

    // The old version alone in a segment, what hides it in the next one: both go.
    private static void DeletedInNext(Session session)
    {
        session.Open();
        session.Put(0, 40, Durability.Buffered);
        session.Seal(0);
        session.Delete(0, Durability.Buffered);
        session.Put(11, 5_000, Durability.Buffered);
        session.Put(11, 5_000, Durability.Buffered);
        session.Seal(0);
    }

    private static void OneRecord(Session session)
    {
        session.Open();
        session.Put(5, 3_000, Durability.Durable);
        session.Seal(0);
    }

    // There is nothing to copy, and so nothing to wait for but what replaced it.
    private static void ReplaceAndCompact(Session session)
    {
        session.Put(5, 10, Durability.Buffered);
        session.Compact();
    }

    private static void DeadBatches(Session session)
    {
        session.Open();
        for (int round = 0; round < 4; round++)
        {
            session.Batch(
                [(1, 900), (2, 800), (3, 700), (4, 600), (5, -1), (6 + round, 100)],
                Durability.Buffered);
            session.Seal(round % 2);
            session.Put(5, 60, Durability.Buffered);
        }

        session.Seal(0);
        session.Seal(1);
        session.Batch([(1, 30), (2, 30), (3, 30), (4, -1)], Durability.Buffered);
    }

    // In the first shard the segment of a batch is sealed and else dead, in the second it is open.
    private static void HalfSealed(Session session)
    {
        session.Open();
        int[] first = KeysOf(session, 0);
        int[] second = KeysOf(session, 1);
        session.Put(first[1], 5_000, Durability.Buffered);
        session.Batch([(first[0], 20), (second[0], 30)], Durability.Durable);
        session.Put(first[0], 25, Durability.Durable);
        session.Delete(first[1], Durability.Durable);
        session.Seal(0);
    }

    // The segment with the commit record is compacted, the one with members in another shard stays.
    private static void MembersAlone(Session session)
    {
        session.Open();
        int[] first = KeysOf(session, 0);
        int[] second = KeysOf(session, 1);
        session.Batch([(first[0], 20), (second[0], 30), (second[1], 40)], Durability.Durable);
        session.Seal(0);
        session.Seal(1);
        session.Put(first[0], 25, Durability.Durable);
        session.Seal(0);
        session.Compact();
        session.Put(second[2], 25, Durability.Durable);
    }

    // Eight records to a block, in each block at the same offsets.
    private static void SamePlaces(Session session)
    {
        const int ValueBytes = 482;
        session.Open();
        foreach (int key in Enumerable.Range(1, 40).Where(static key => key % 7 != 0))
        {
            session.Put(key, ValueBytes, Durability.Buffered);
        }

        session.Flush();
    }

    private static int[] KeysOf(Session session, int shard)
    {
        Func<int, int> shardOf = Keys.Sharding(session.Machine.Options);
        return [.. Enumerable.Range(0, 20).Where(key => shardOf(key) == shard)];
    }

    // Slots with the header of a freed segment are taken before any other.
    private static void FreeSlots(Session session)
    {
        Dead(session);
        session.Compact();
        Dead(session);
        session.Compact();
    }

    // Again and again a power cut leaves of a new segment its header only.
    private static void FirstFlushes(Session session)
    {
        ICrashSink? sink = session.Sink;
        session.Sink = null;
        for (int i = 0; i < 5; i++)
        {
            session.CutAtFirstFlush(i);
        }

        session.Sink = sink;
        session.Put(1, 10, Durability.Durable);
    }

    private static void Colliding(Session session)
    {
        session.Open();
        for (int key = 0; key < 6; key++)
        {
            session.Put(key, 50, Durability.Buffered);
        }

        session.Delete(0, Durability.Buffered);
        session.Put(6, 50, Durability.Buffered);
        session.Seal(0);
    }

    // The versions that say of themselves that their hash is shared are compacted away.
    private static void OverwriteColliding(Session session)
    {
        for (int round = 0; round < 2; round++)
        {
            for (int key = 2; key < 7; key++)
            {
                session.Put(key, 40, Durability.Buffered);
            }

            session.Delete(3 - round, Durability.Buffered);
            session.Seal(0);
            session.Compact();
        }
    }

    // A key with another hash makes room in the bucket before the one that was alone with its hash.
    private static void LaterFirst(Session session)
    {
        session.Open();
        ILookup<ulong, int> keys = Keys.ByHash(session.Machine.Options);
        int[] alike = [.. keys[0].Take(2)];
        int other = keys.Single(static group => group.Key != 0).First();
        session.Put(other, 30, Durability.Buffered);
        session.Put(alike[0], 30, Durability.Buffered);
        session.Delete(other, Durability.Buffered);
        session.Put(alike[1], 30, Durability.Buffered);
        session.Seal(0);
    }

    // The only record that says that the hash is shared is replaced, and compacted away.
    private static void OverwriteLater(Session session)
    {
        int later = Keys.ByHash(session.Machine.Options)[0].Skip(1).First();
        session.Put(later, 40, Durability.Buffered);
        session.Seal(0);
        session.Compact();
        session.Put(later, 50, Durability.Buffered);
    }

    private static void CloseAndReopen(Session session)
    {
        session.Put(1, 10, Durability.Buffered);
        session.Batch([(2, 20), (3, 30), (4, -1)], Durability.Buffered);
        session.Close();
        session.Open();
        session.CheckAll();
        session.Put(5, 10, Durability.Buffered);
        session.Close();
        session.Open();
        session.CheckAll();
    }
}
