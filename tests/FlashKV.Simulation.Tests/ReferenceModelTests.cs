using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Tests;

public sealed class ReferenceModelTests
{
    private static readonly byte[] s_old = [1];
    private static readonly byte[] s_new = [2];

    // Keys are sharded by parity.
    private readonly ReferenceModel _model = new(2, static key => key % 2);

    [Fact]
    public void A_staged_write_must_survive_a_kill_and_may_be_lost_with_the_power()
    {
        Write(0, s_new);
        ReferenceModel power = _model.Copy();

        _model.Crash(CrashKind.Kill);
        power.Crash(CrashKind.PowerCut);

        Assert.Throws<ModelException>(() => _model.Settle(State()));
        power.Settle(State());
    }

    [Fact]
    public void A_durable_write_must_survive_with_all_that_came_before_it_in_its_shard()
    {
        Write(0, s_old);
        Write(1, s_old);
        _model.Durable(Write(2, s_new));
        _model.Crash(CrashKind.PowerCut);

        Assert.Throws<ModelException>(() => _model.Copy().Settle(State((2, s_new))));
        _model.Settle(State((0, s_old), (2, s_new)));
    }

    [Fact]
    public void A_later_write_does_not_survive_an_earlier_one()
    {
        Write(0, s_old);
        Write(2, s_new);
        _model.Crash(CrashKind.PowerCut);

        Assert.Throws<ModelException>(() => _model.Settle(State((2, s_new))));
    }

    [Fact]
    public void A_batch_is_whole_or_not_there()
    {
        _model.Place(_model.Begin(), [new Change(0, s_new), new Change(1, s_new)]);
        _model.Crash(CrashKind.PowerCut);

        Assert.Throws<ModelException>(() => _model.Copy().Settle(State((0, s_new))));
        _model.Copy().Settle(State());
        _model.Settle(State((0, s_new), (1, s_new)));
    }

    [Fact]
    public void A_value_that_was_never_written_and_a_deleted_key_are_noticed()
    {
        _model.Durable(Write(0, s_old));
        _model.Durable(Write(0, null));

        Assert.Throws<ModelException>(() => _model.Copy().Settle(State((0, s_old))));
        Assert.Throws<ModelException>(() => _model.Copy().Settle(State((4, s_old))));
        _model.Settle(State());
    }

    private static SortedDictionary<int, byte[]> State(params (int Key, byte[] Value)[] pairs) =>
        new(pairs.ToDictionary(static pair => pair.Key, static pair => pair.Value));

    private int Write(int key, byte[]? value)
    {
        int operation = _model.Begin();
        _model.Place(operation, [new Change(key, value)]);
        _model.Staged(operation);
        return operation;
    }
}
