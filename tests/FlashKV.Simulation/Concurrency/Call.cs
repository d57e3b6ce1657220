namespace FlashKV.Simulation.Concurrency;

/// <summary>What a call asks for.</summary>
internal enum CallKind
{
    Put,
    Delete,
    Get,
    Contains,
    Batch,
}

/// <summary>A call on the keys of one group, with the moments between which it took effect.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Key">The key in its group; of a batch, one bit for each key that it deletes.</param>
/// <param name="Write">Its own number, which its values bear.</param>
/// <param name="Answer">
/// Of a get the write that the value is from, 0 for none; of a delete or contains 1 or 0.
/// </param>
/// <param name="Begun">When it was called.</param>
/// <param name="Ended">When it returned.</param>
internal readonly record struct Call(
    CallKind Kind, int Key, long Write, long Answer, long Begun, long Ended)
{
    /// <summary>Whether the call could have been answered so in a state, and what it leaves.</summary>
    public bool TryApply(GroupState state, out GroupState after)
    {
        after = state;
        switch (Kind)
        {
            case CallKind.Put:
                after = state.With(Key, Write);
                return true;
            case CallKind.Delete:
                after = state.With(Key, 0);
                return Answer == (state[Key] == 0 ? 0 : 1);
            case CallKind.Get:
                return Answer == state[Key];
            case CallKind.Contains:
                return Answer == (state[Key] == 0 ? 0 : 1);
            default:
                for (int key = 0; key < GroupState.Keys; key++)
                {
                    after = after.With(key, (Key >> key & 1) != 0 ? 0 : Write);
                }

                return true;
        }
    }
}
