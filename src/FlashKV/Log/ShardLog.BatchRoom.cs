using System.Diagnostics;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Log;

/// <summary>
/// Room for the records of a batch, which are claimed without waiting in between.
/// </summary>
internal sealed partial class ShardLog
{
    /// <summary>
    /// Returns when there is room for a batch at the hot tail or in free slots, though other
    /// threads may take it. The caller is not inside an operation and holds no latch.
    /// </summary>
    /// <param name="batch">What the batch needs.</param>
    /// <param name="reserve">The prepared slots that must be left.</param>
    /// <exception cref="StoreFullException">The device has no room for it.</exception>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public void EnsureBatchRoom(in BatchRoom batch, int reserve)
    {
        Debug.Assert(!Epoch.IsInside);
        Debug.Assert(batch.Segments < HotSlots);
        SpinWait spin = default;
        for (int turn = 0; turn < MaxRoomTurns; turn++)
        {
            _store.Fault.ThrowIfSet();
            if (Hot.Remaining() >= batch.Bytes)
            {
                return;
            }

            if (Allocator.PreparedCount < reserve + batch.Segments)
            {
                if (!TryPrepare() && Reclaim?.Invoke() != true)
                {
                    throw new StoreFullException(Shard, HeldBytes());
                }
            }
            else if (HasFreeSlots(_hotRoom, batch.Segments))
            {
                return;
            }
            else
            {
                AdvanceFlush();
                spin.SpinOnce(TurnsBeforeSleep);
            }
        }

        throw new InvalidOperationException($"Shard {Shard} made no room in {MaxRoomTurns} turns.");
    }

    /// <summary>
    /// Claims space at the hot tail; opens the next segment if it can be had without waiting. The
    /// caller is inside an operation, and may hold latches.
    /// </summary>
    public bool TryClaimForBatch(int size, int reserve, out TailClaim claim) =>
        Hot.TryClaim(size, out claim)
        || (TryOpenNext(_hotRoom, size, reserve, out _) && Hot.TryClaim(size, out claim));

    private static bool HasFreeSlots(TailRoom room, int count)
    {
        lock (room.Lock)
        {
            return room.Slots.Length - room.InFlight.Count >= count;
        }
    }
}
