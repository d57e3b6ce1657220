using FlashKV.Log;
using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Orders;

/// <summary>Regressions of the order in which things are made known, and of what is refused.</summary>
internal static class OrderChecks
{
    /// <summary>Makes all checks.</summary>
    /// <exception cref="ModelException">One of them fails.</exception>
    public static void All()
    {
        SealedOnlyOnceCleared();
        DirtyAfterWrite();
        NamesFlushed();
        TwoSlotsForOneSegment();
        NumberThatNoRecordHas();
        FaultAfterFailedFree();
    }

    // A segment said to be sealed while its staging slot was still in use could be compacted, and its
    // place given to another: a process that died then left two slots for one place.
    public static void SealedOnlyOnceCleared()
    {
        Session session = Session.Create(new MachineOptions());
        using Machine machine = session.Machine;
        session.Open();
        session.Put(1, 5_000, Durability.Buffered);
        Segment segment = machine.Store.Core.Shards[0].Log.Segments.InUse().Single();
        var states = new List<SegmentState>();
        Action<string>? outer = Step.Observer;
        Step.Observer = step =>
        {
            if (step is "unused" or "cleared")
            {
                states.Add(segment.State);
            }
        };

        session.Seal(0);

        Step.Observer = outer;
        Require(
            states is [SegmentState.Staged, SegmentState.Staged]
                && segment.State == SegmentState.Sealed,
            $"While its slot was cleared, a segment was {string.Join(", ", states)}.");
    }

    // The flag was set first: background work took it before the record could be flushed, and a
    // buffered write stayed in staging beyond its interval.
    public static void DirtyAfterWrite()
    {
        Session session = Session.Create(new MachineOptions());
        using Machine machine = session.Machine;
        session.Open();
        ShardLog log = machine.Store.Core.Shards[0].Log;
        Action<string>? outer = Step.Observer;
        Step.Observer = step =>
        {
            if (step == Step.Placed)
            {
                log.TakeDirty();
            }
        };

        session.Put(1, 100, Durability.Buffered);

        Step.Observer = outer;
        Require(log.TakeDirty(), "After a write the shard is not dirty.");
    }

    // A file that was made and flushed may still be gone after a power cut: its name was not flushed.
    public static void NamesFlushed()
    {
        string root = Machine.NewDirectory();
        string directory = Path.Combine(root, "a", "store");
        var flushed = new List<string>();
        Step.Observer = step =>
        {
            if (step.StartsWith(Step.Flushed, StringComparison.Ordinal))
            {
                bool isWhole = File.Exists(Path.Combine(directory, "STORE"));
                flushed.Add($"{step[Step.Flushed.Length..]} {isWhole}");
            }
        };
        using (FlashStore.Open(directory, new FlashStoreOptions
        {
            Shards = 1,
            Capacity = 1L << 29,
            Seed = 1,
            BackgroundThread = false,
        }))
        {
            Step.Observer = null;
        }

        Directory.Delete(root, recursive: true);
        string[] expected =
        [
            $"{root} False", $"{Path.Combine(root, "a")} False", $"{directory} False",
            $"{directory} True",
        ];
        Require(
            flushed.SequenceEqual(expected), $"Flushed were {string.Join(", ", flushed)}.");
    }

    // It was an ArgumentException of a dictionary.
    public static void TwoSlotsForOneSegment() =>
        RequireRefused(static image => image.WithSlotTwice(), "staging slots");

    // The numbers of records say how far a shard is durable. With one that was too large, sealing
    // waited for a part of a batch for ever.
    public static void NumberThatNoRecordHas() =>
        RequireRefused(static image => image.WithNumber(1_000), "sequence number");

    // A compaction that went on could drop the tombstones that hide what the segment holds.
    public static void FaultAfterFailedFree()
    {
        Session session = Session.Create(new MachineOptions());
        using Machine machine = session.Machine;
        session.Open();
        session.Put(0, 40, Durability.Buffered);
        session.Seal(0);
        session.Delete(0, Durability.Buffered);
        session.Seal(0);
        machine.Medium.Fault = static isWrite => isWrite ? DiskFault.Error : DiskFault.None;
        session.Compact();
        machine.Medium.Fault = null;
        bool isRefused = false;
        try
        {
            machine.Store.Put("key"u8, "value"u8, Durability.Buffered);
        }
        catch (StoreFaultedException)
        {
            isRefused = true;
        }

        Require(session.IsFaulted, "The header of a freed segment was not written.");
        Require(isRefused, "A put was taken after a segment could not be freed.");
    }

    private static void RequireRefused(Func<StagingImage, StagingImage> change, string field)
    {
        Session session = Session.Create(new MachineOptions());
        using Machine machine = session.Machine;
        session.Open();
        session.Put(1, 100, Durability.Buffered);
        session.Put(2, 100, Durability.Buffered);
        Disk disk = machine.Medium.Disk.Copy();
        machine.Become(disk, change(machine.CopyStaging()!), hasIdentity: true);
        string found = "opened";
        try
        {
            machine.Open();
        }
        catch (CorruptStoreException refused)
        {
            found = refused.Field;
        }

        Require(
            found.Contains(field, StringComparison.Ordinal),
            $"Staging that no process leaves is to be refused for its {field}: {found}.");
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ModelException(problem);
        }
    }
}
