namespace FlashKV.Superpipe.Commands;

/// <summary>
/// A batch that somebody carries on a round at a time. One thread at a time is at work on it.
/// </summary>
internal abstract class SteppedBatch
{
    /// <summary>Whether nothing is left to send and every command has ended.</summary>
    internal abstract bool IsDone { get; }

    /// <summary>Whether the batch waits for nothing but the delays of its commands.</summary>
    internal abstract bool IsAsleep { get; }

    /// <summary>The next that the same thread carries on.</summary>
    internal SteppedBatch? Following { get; set; }

    /// <summary>A round that waits for nothing; failures are left for <see cref="Step"/>.</summary>
    /// <returns>Whether there was progress.</returns>
    internal abstract bool StepInline();

    /// <summary>A round that may wait: for a response, or for a recovery.</summary>
    /// <returns>Whether there was progress.</returns>
    internal abstract bool Step();

    /// <summary>Lets some of the delay pass for which all commands of the batch wait.</summary>
    internal abstract void Doze();

    /// <summary>Gives the batch, which is done or has not begun, back to its context.</summary>
    /// <returns>How it ended: <see langword="null"/> is well.</returns>
    internal abstract Exception? End();
}
