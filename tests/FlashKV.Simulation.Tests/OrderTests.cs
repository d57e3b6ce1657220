using FlashKV.Log;
using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Tests;

/// <summary>Regressions of the order in which things are made known.</summary>
public sealed class OrderTests
{
    // A segment said to be sealed while its staging slot was still in use could be compacted, and its
    // place given to another: a process that died then left two slots for one place.
    [Fact]
    public void A_segment_counts_as_sealed_only_once_its_staging_slot_is_cleared()
    {
        Session session = Session.Create(new MachineOptions());
        using Machine machine = session.Machine;
        session.Open();
        session.Put(1, 5_000, Durability.Buffered);
        ShardLog log = machine.Store.Core.Shards[0].Log;
        var states = new List<SegmentState>();
        Segment segment = Assert.Single(log.Segments.InUse());
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
        Assert.Equal([SegmentState.Staged, SegmentState.Staged], states);
        Assert.Equal(SegmentState.Sealed, segment.State);
    }

    // The flag was set first: background work took it before the record could be flushed, and a
    // buffered write stayed in staging beyond its interval.
    [Fact]
    public void A_shard_is_dirty_after_a_write_however_background_work_comes_between()
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
        Assert.True(log.TakeDirty());
    }

    // A file that was made and flushed may still be gone after a power cut: its name was not flushed.
    [Fact]
    public void The_names_of_a_new_store_are_flushed_before_it_is_used()
    {
        string root = Directory.CreateTempSubdirectory("flashkv-names-").FullName;
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
        Assert.Equal(
            [
                $"{root} False", $"{Path.Combine(root, "a")} False", $"{directory} False",
                $"{directory} True",
            ],
            flushed);
    }
}
