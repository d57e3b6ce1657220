using FlashKV.Simulation.Orders;

namespace FlashKV.Simulation.Tests;

/// <summary>
/// Regressions of the order in which things are made known; <see cref="MutationTests"/> undoes the
/// fixes.
/// </summary>
public sealed class OrderTests
{
    [Fact]
    public void A_segment_counts_as_sealed_only_once_its_staging_slot_is_cleared() =>
        OrderChecks.SealedOnlyOnceCleared();

    [Fact]
    public void A_shard_is_dirty_after_a_write_however_background_work_comes_between() =>
        OrderChecks.DirtyAfterWrite();

    [Fact]
    public void The_names_of_a_new_store_are_flushed_before_it_is_used() =>
        OrderChecks.NamesFlushed();

    [Fact]
    public void Two_staging_slots_for_one_segment_are_refused() =>
        OrderChecks.TwoSlotsForOneSegment();

    [Fact]
    public void A_number_that_no_record_of_a_staged_segment_has_is_refused() =>
        OrderChecks.NumberThatNoRecordHas();

    [Fact]
    public void A_store_takes_no_writes_after_a_segment_could_not_be_freed() =>
        OrderChecks.FaultAfterFailedFree();
}
