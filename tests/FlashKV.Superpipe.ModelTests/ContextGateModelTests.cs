using FlashKV.Superpipe.Recovery;
using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

public class ContextGateModelTests
{
    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(2, 1, 2)]
    [InlineData(1, 2, 2)]
    [InlineData(2, 2, 2)]
    public void Nobody_is_inside_while_one_is_alone(int users, int closers, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                ContextGate gate = new();
                int inside = 0;
                int alone = 0;
                return new Scenario(
                    [
                        .. Enumerable.Range(0, users).Select(number => (Action)(() => Use(number))),
                        .. Enumerable.Repeat<Action>(Close, closers),
                    ],
                    () =>
                    {
                        Assert.Equal((0, 0), (inside, alone));
                        Assert.True(gate.IsOpen);
                    });

                // Users of one stripe and of two.
                void Use(int number)
                {
                    int stripe = number / 2;
                    while (!gate.TryEnter(stripe))
                        gate.WaitUntilSettled();
                    inside++;
                    Assert.Equal(0, alone);
                    Scheduler.Point();
                    Assert.Equal(0, alone);
                    inside--;
                    gate.Exit(stripe);
                }

                void Close()
                {
                    if (!gate.TryClose())
                        return;
                    gate.WaitUntilEmpty();
                    alone++;
                    Assert.Equal((0, 1), (inside, alone));
                    Scheduler.Point();
                    Assert.Equal((0, 1), (inside, alone));
                    alone--;
                    gate.Settle(ContextPhase.Open);
                }
            },
            delays);
        Assert.InRange(schedules, 10, Scheduler.MostSchedules);
    }
}
