using System.Diagnostics;
using FlashKV.Clones;

namespace FlashKV;

/// <summary>
/// A clone that the store has handed to a process which it has started: see
/// <see cref="FlashStore.CloneToAsync"/>. The segments of its moment are held until it has ended.
/// </summary>
/// <remarks>
/// It ends when the process closes it, ends, or loses its connection; when it is disposed here, or
/// the store is; and when it reaches a limit of its options. The process goes on then: a read of
/// its own throws <see cref="CloneEndedException"/>. All members may be used by any thread.
/// </remarks>
public sealed class StoreClone : IDisposable, IAsyncDisposable
{
    private readonly CloneSession _session;

    internal StoreClone(CloneSession session, Process process)
    {
        _session = session;
        Process = process;
    }

    /// <summary>The process; the caller's to wait for and to dispose.</summary>
    public Process Process { get; }

    /// <summary>
    /// The id of the process that has opened the clone, which may be a child of
    /// <see cref="Process"/>; 0 as long as there is none.
    /// </summary>
    public int ReaderId => _session.ReaderId;

    /// <summary>How far it has come.</summary>
    public StoreCloneState State => _session.State;

    /// <summary>When its moment was.</summary>
    public DateTimeOffset CreatedAt => _session.CreatedAt;

    /// <summary>When it will be given up; null for never.</summary>
    public DateTimeOffset? ExpiresAt => _session.ExpiresAt;

    /// <summary>
    /// The bytes in its segments that count no more, and that compaction cannot take back; 0 once
    /// it has ended.
    /// </summary>
    public long HeldBytes => _session.Cut.HeldBytes();

    /// <summary>Completes, with what has ended it, once it holds nothing any more.</summary>
    public Task<CloneEnd> Completion => _session.Completion;

    /// <summary>The last sequence number of a shard that it has.</summary>
    /// <param name="shard">0 to the number of shards - 1.</param>
    /// <returns>The sequence number.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public ulong GetSequence(int shard)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, _session.Cut.Shards.Length);
        return _session.Cut.Shards[shard].Sequence;
    }

    /// <summary>Completes when the process has opened the clone.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The wait.</returns>
    /// <exception cref="CloneEndedException">It has ended before.</exception>
    public Task WaitUntilReadingAsync(CancellationToken cancellationToken = default) =>
        _session.Reading.WaitAsync(cancellationToken);

    /// <summary>
    /// Takes the clone back: its segments are let go at once, and the process, which goes on, gets
    /// a <see cref="CloneEndedException"/> if it reads.
    /// </summary>
    public void Dispose() => _session.End(CloneEnd.TakenBack);

    /// <summary>The same as <see cref="Dispose"/>.</summary>
    /// <returns>A task that has ended.</returns>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
