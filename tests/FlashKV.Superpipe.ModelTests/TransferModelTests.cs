using FlashKV.Superpipe.Doubles;
using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

/// <summary>
/// The client as it ships, from Lun.Transfer down: claiming, rooms, sending, harvesting and the
/// hand-over of the harvester's role, errors, recovery.
/// </summary>
public class TransferModelTests
{
    [Theory]
    [InlineData(false, 16, 1, 2)]
    [InlineData(false, 16, 2, 2)]
    [InlineData(false, 1, 2, 2)]
    [InlineData(true, 16, 1, 2)]
    [InlineData(true, 16, 2, 2)]
    public void Two_threads_end_every_command_once(
        bool usesRing, int rooms, int blocks, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                ModelRig rig = new(new ModelDevice { UsesRing = usesRing, Rooms = rooms });
                return new Scenario(
                    [
                        () => rig.Lun.Transfer(ModelRig.Unmap(0, blocks)),
                        () => rig.Lun.Transfer(ModelRig.Unmap(100, blocks)),
                    ],
                    () =>
                    {
                        Assert.Equal(2 * blocks, rig.Device.Answered);
                        rig.Check(2 * blocks);
                    });
            },
            delays);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }

    [Fact]
    public void A_failed_command_is_sent_again_once_for_each_failure()
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                ModelRig rig = new(new ModelDevice { Failures = 2 });
                return new Scenario(
                    [
                        () => rig.Lun.Transfer(ModelRig.Unmap(0, 2)),
                        () => rig.Lun.Transfer(ModelRig.Unmap(100, 1)),
                    ],
                    () =>
                    {
                        Assert.Equal(2, rig.Context.CountRetries(RetryReason.LinkDown));
                        Assert.Equal(5, rig.Device.Answered);
                        rig.Check(3);
                    });
            },
            maxDelays: 2);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 2)]
    public void A_loss_at_any_point_is_recovered_from_once(bool usesRing, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                ModelRig rig = new(new ModelDevice { UsesRing = usesRing });
                return new Scenario(
                    [
                        () => rig.Lun.Transfer(ModelRig.Unmap(0, 2)),
                        () => rig.Lun.Transfer(ModelRig.Unmap(100, 1)),
                        rig.Device.Lose,
                    ],
                    () =>
                    {
                        Assert.InRange(rig.Device.Recoveries, 0, 1);
                        Assert.Equal(
                            rig.Device.Recoveries, rig.Context.GetStatistics().Recoveries);
                        rig.Check(3);
                    });
            },
            delays);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    public void Awaited_batches_end_once_and_none_is_forgotten(int inlineRounds, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                Assert.Equal(0, ThreadPool.Clear());
                ModelRig rig = new(new ModelDevice(), inlineRounds);
                int ended = 0;
                return new Scenario(
                    [
                        () => Await(rig.Lun.TransferAsync(ModelRig.Unmap(0, 1))),
                        () =>
                        {
                            while (ThreadPool.TryRunOne() || ended != 2)
                                Scheduler.Yield();
                        },
                        () => Await(rig.Lun.TransferAsync(ModelRig.Unmap(100, 1))),
                    ],
                    () => rig.Check(2));

                void Await(ValueTask task)
                {
                    while (!task.IsCompleted)
                        Scheduler.Yield();
                    task.GetAwaiter().GetResult();
                    ended++;
                }
            },
            delays);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }

    [Fact]
    public void A_batch_that_comes_as_the_work_item_falls_asleep_is_carried_on()
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                Assert.Equal(0, ThreadPool.Clear());
                ModelRig rig = new(new ModelDevice());
                ValueTask first = default;
                bool hasBegun = false;
                bool hasEnded = false;
                return new Scenario(
                    [
                        () =>
                        {
                            first = rig.Lun.TransferAsync(ModelRig.Unmap(0, 1));
                            hasBegun = true;
                            while (ThreadPool.TryRunOne() || !hasEnded)
                                Scheduler.Yield();
                        },
                        () =>
                        {
                            while (!hasBegun || !first.IsCompleted)
                                Scheduler.Yield();
                            ValueTask second = rig.Lun.TransferAsync(ModelRig.Unmap(100, 1));
                            while (!second.IsCompleted)
                                Scheduler.Yield();
                            first.GetAwaiter().GetResult();
                            second.GetAwaiter().GetResult();
                            hasEnded = true;
                        },
                    ],
                    () => rig.Check(2));
            },
            maxDelays: 1);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }
}
