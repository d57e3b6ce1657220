namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The arenas of one adapter. A lane has one for the length of a batch; at most
/// <see cref="KeptArenas"/> are kept, and a lane that finds none makes one of its own for the time.
/// </summary>
/// <remarks>Taking and returning is an exchange per slot: no lock, no wait.</remarks>
internal sealed class BounceArenas
{
    /// <summary>The most arenas that are kept.</summary>
    internal const int KeptArenas = 8;

    private readonly BounceArena?[] _free = new BounceArena?[KeptArenas];

    /// <summary>An empty arena.</summary>
    internal BounceArena Take()
    {
        for (int i = 0; i < KeptArenas; i++)
        {
            if (Volatile.Read(ref _free[i]) is not null
                && Interlocked.Exchange(ref _free[i], null) is { } arena)
            {
                return arena;
            }
        }

        return new BounceArena();
    }

    /// <summary>Gives an arena back.</summary>
    internal void Return(BounceArena arena)
    {
        arena.Clear();
        for (int i = 0; i < KeptArenas; i++)
        {
            if (Interlocked.CompareExchange(ref _free[i], arena, null) is null)
            {
                return;
            }
        }

        arena.Dispose();
    }
}
