using FlashKV.Simulation.Concurrency;

namespace FlashKV.Simulation.Tests;

public sealed class ConcurrencyTests
{
    private const int Rounds = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_threads_are_answered_has_an_order_that_explains_it(int seed) =>
        Assert.True(ConcurrentRun.Run(seed, Rounds) > Rounds * 100);

    [Fact]
    public void A_snapshot_is_the_store_of_one_moment() => SnapshotRun.Run(60);

    [Fact]
    public void A_get_that_missed_a_put_which_had_ended_is_found() =>
        Assert.False(Holds(
            new Call(CallKind.Put, 0, 7, 0, 1, 2),
            new Call(CallKind.Get, 0, 0, 0, 3, 4)));

    [Fact]
    public void A_get_beside_a_put_may_see_either()
    {
        var put = new Call(CallKind.Put, 0, 7, 0, 1, 5);
        Assert.True(Holds(put, new Call(CallKind.Get, 0, 0, 0, 3, 4)));
        Assert.True(Holds(put, new Call(CallKind.Get, 0, 0, 7, 3, 4)));
    }

    [Fact]
    public void Two_gets_do_not_see_two_puts_in_different_orders() =>
        Assert.False(Holds(
            new Call(CallKind.Put, 0, 7, 0, 1, 20),
            new Call(CallKind.Put, 0, 8, 0, 2, 20),
            new Call(CallKind.Get, 0, 0, 7, 3, 4),
            new Call(CallKind.Get, 0, 0, 8, 5, 6),
            new Call(CallKind.Get, 0, 0, 7, 7, 8)));

    [Fact]
    public void A_batch_is_not_seen_in_parts()
    {
        Assert.False(Holds(
            new Call(CallKind.Batch, 0, 7, 0, 1, 9),
            new Call(CallKind.Get, 0, 0, 7, 2, 3),
            new Call(CallKind.Get, 1, 0, 0, 4, 5)));
        Assert.True(Holds(
            new Call(CallKind.Batch, 2, 7, 0, 1, 9),
            new Call(CallKind.Get, 0, 0, 7, 2, 3),
            new Call(CallKind.Get, 1, 0, 0, 4, 5)));
    }

    [Fact]
    public void A_delete_answers_whether_the_key_was_there()
    {
        Assert.False(Holds(new Call(CallKind.Delete, 2, 5, 1, 1, 2)));
        Assert.False(Holds(
            new Call(CallKind.Put, 2, 7, 0, 1, 2), new Call(CallKind.Delete, 2, 8, 0, 3, 4)));
        Assert.True(Holds(
            new Call(CallKind.Put, 2, 7, 0, 1, 2),
            new Call(CallKind.Delete, 2, 8, 1, 3, 9),
            new Call(CallKind.Contains, 2, 0, 0, 4, 5)));
    }

    private static bool Holds(params Call[] calls) => Linearizability.Holds(default, calls);
}
