using FlashKV.Simulation.Model;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Machines;

/// <content>Clones and backups: cuts of the store that are read elsewhere.</content>
internal sealed partial class Session
{
    private SortedDictionary<int, byte[]>? _atCut;
    private bool _isCutAwaited;

    /// <summary>Takes a clone.</summary>
    /// <param name="then">What the model had at its moment.</param>
    /// <returns>The clone; null if the store was faulted.</returns>
    public SimulatedClone? TakeClone(out SortedDictionary<int, byte[]> then)
    {
        StoreCut? cut = null;
        then = Cut(() => cut = StoreCut.TakeForClone(Store.Core, new SnapshotOptions()));
        return cut is null ? null : new SimulatedClone(Machine, cut);
    }

    /// <summary>Compares a clone with what the model had at its moment.</summary>
    /// <param name="clone">The clone.</param>
    /// <param name="then">What each key had.</param>
    /// <param name="way">0 for gets, 1 for many keys at once, else a scan.</param>
    public void CheckClone(SimulatedClone clone, SortedDictionary<int, byte[]> then, int way)
    {
        try
        {
            SortedDictionary<int, byte[]> found = clone.Read(MaxKey, way);
            if (!SnapshotReader.AreSame(found, then))
            {
                throw new ModelException(
                    $"A clone had {then.Count} keys and has {found.Count}, or others, or other "
                    + $"values, read by way {way}.");
            }
        }
        catch (Exception failure) when (failure is CorruptStoreException or DeviceException)
        {
            // It is no fault of the store, and the next read may do.
            if (!clone.IsLetGo && Machine.Medium.Fault is null)
            {
                throw new ModelException($"A clone failed: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Adds a backup to a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">How.</param>
    /// <param name="then">What the model had at its moment.</param>
    /// <param name="stop">Ends it early.</param>
    /// <returns>The number of the backup; null if there is none.</returns>
    public int? BackUp(
        string directory,
        BackupOptions options,
        out SortedDictionary<int, byte[]> then,
        CancellationToken stop)
    {
        int? number = null;
        then = Cut(() =>
        {
            try
            {
                number = StoreBackup.Create(Store, directory, options, stop).Number;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Cut short.
            }
        });
        return number;
    }

    /// <summary>
    /// Does something while a backup is under way, on whatever thread this is, as on that of the
    /// session.
    /// </summary>
    public void Meanwhile(Action action)
    {
        NoteCut();
        Observe(OnStep, action);
    }

    /// <summary>Does something that is none of the machine's.</summary>
    public static void Aside(Action action) => Observe(null, action);

    private static void Observe(Action<string>? observer, Action action)
    {
        Action<string>? before = Step.Observer;
        Step.Observer = observer;
        try
        {
            action();
        }
        finally
        {
            Step.Observer = before;
        }
    }

    // A cut is taken before anything is flushed up to it; others write while that is done.
    private SortedDictionary<int, byte[]> Cut(Action call)
    {
        _isCutAwaited = true;
        Guard(call);
        NoteCut();
        return _atCut!;
    }

    private void NoteCut()
    {
        if (_isCutAwaited)
        {
            _isCutAwaited = false;
            _atCut = new(Model.Current.ToDictionary());
        }
    }
}
