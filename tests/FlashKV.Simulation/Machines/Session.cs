using FlashKV.Log;
using FlashKV.Shards;
using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>
/// A machine beside its reference model: every call goes to the store and is noted in the model, and
/// what the store answers is compared.
/// </summary>
internal sealed partial class Session
{
    private int _operation = -1;
    private IReadOnlyList<Change> _changes = [];
    private bool _isPlaced;

    public Session(Machine machine, ReferenceModel model)
    {
        Machine = machine;
        Model = model;
    }

    public Machine Machine { get; }

    public ReferenceModel Model { get; private set; }

    /// <summary>Is shown every moment at which something could end.</summary>
    public ICrashSink? Sink { get; set; }

    /// <summary>Runs before each change of the disk, once it was shown.</summary>
    public Action? AtChange { get; set; }

    /// <summary>Whether a write failed so that only an opening tells what came of it.</summary>
    public bool IsFaulted { get; private set; }

    /// <summary>Whether the device was full for a write; whoever asks sets it back.</summary>
    public bool WasFull { get; set; }

    /// <summary>The largest number of a key so far.</summary>
    public int MaxKey { get; private set; } = 20;

    private FlashStore Store => Machine.Store;

    private ReadOnlySpan<Shard> Shards => Store.Core.Shards;

    /// <summary>A session on a new machine.</summary>
    public static Session Create(MachineOptions options) =>
        new(
            new Machine(options, new Disk()),
            new ReferenceModel(options.Shards, Keys.Sharding(options)));

    /// <summary>Starts a process that opens the store.</summary>
    public void Open()
    {
        Machine.Medium.Changing = OnChanging;
        Step.Observer = OnStep;
        Machine.Open();
        IsFaulted = false;
        Store.Core.Context.BatchStep = () => OnStep("batch");
    }

    /// <summary>A crash strikes; the next process opens what is left, and it is compared.</summary>
    public void Suffer(Crash crash, CutMode mode, int seed)
    {
        Model = crash.Strike(Machine, mode, seed);
        Open();
        ICrashSink? sink = Sink;
        Sink = null;
        Settle();
        Sink = sink;
    }

    /// <summary>Writes, and loses power so that of the first flush one block is left.</summary>
    public void CutAtFirstFlush(int seed)
    {
        Put(1, 200, Durability.Buffered);
        var first = new FirstCrash();
        Sink = first;
        Flush();
        Sink = null;
        Suffer(first.Crash!, CutMode.KeepFirst, seed);
    }

    /// <summary>Closes the store in order; what was in staging is on stable storage then.</summary>
    public void Close()
    {
        Machine.Close();
        Model.AllDurable();
    }

    public void Put(int key, int length, Durability durability)
    {
        int operation = Model.Begin();
        byte[] value = Keys.Value(operation, length);
        Write(operation, [new Change(key, value)], durability, () =>
            Store.Put(Keys.Name(key), value, durability));
    }

    public void Delete(int key, Durability durability) =>
        Write(Model.Begin(), [new Change(key, null)], durability, () =>
            Store.Delete(Keys.Name(key), durability));

    /// <summary>Commits a batch.</summary>
    /// <param name="puts">The keys to put, with the length of their values; below 0 to delete.</param>
    /// <param name="durability">When the commit returns.</param>
    public void Batch(IReadOnlyList<(int Key, int Length)> puts, Durability durability)
    {
        int operation = Model.Begin();
        using WriteBatch batch = Store.CreateBatch();
        List<Change> changes = [.. puts.DistinctBy(static put => put.Key).Select(
            put => new Change(
                put.Key, put.Length < 0 ? null : Keys.Value(operation, put.Length)))];
        foreach (Change change in changes)
        {
            if (change.Value is null)
            {
                batch.Delete(Keys.Name(change.Key));
            }
            else
            {
                batch.Put(Keys.Name(change.Key), change.Value);
            }
        }

        Write(operation, changes, durability, () => batch.Commit(durability));
    }

    /// <summary>Whether a small record of a key fits without waiting.</summary>
    public bool HasRoom(int key)
    {
        const int SmallRecord = 2_048;
        int shard = Keys.Sharding(Machine.Options)(key);
        return !IsFaulted && Shards[shard].Log.Hot.Fits(SmallRecord);
    }

    public void Flush() => Guard(() =>
    {
        // What other clients write while it runs is not promised.
        int[] last = Model.LastOperations();
        Store.Flush();
        Model.DurableUpTo(last);
    });

    /// <summary>A turn of the flusher of one shard.</summary>
    public void AdvanceFlush(int shard) =>
        Guard(() => Shards[shard].Log.TryAdvanceFlush(out _));

    /// <summary>A turn of background work on one shard.</summary>
    public void Work(int shard) => Guard(() => BackgroundWorker.Work(Shards[shard]));

    /// <summary>Makes a slot ready for use.</summary>
    public void Prepare(int shard) => Guard(() => Shards[shard].Log.TryPrepare());

    /// <summary>Grows the LUN of a shard by a chunk.</summary>
    public void Grow(int shard) => Guard(() => Store.Core.TryGrow(shard));

    /// <summary>Closes the hot segment of a shard and seals what can be sealed.</summary>
    public void Seal(int shard) => Guard(() =>
    {
        Shards[shard].Log.CloseSegment(SegmentKind.Hot);
        Shards[shard].Log.TryAdvanceFlush(out _);
    });

    public void Compact() => Guard(() =>
    {
        foreach (Shard shard in Shards)
        {
            shard.Compactor.CompactAll(CancellationToken.None);
        }
    });

    /// <summary>Compares what a key has.</summary>
    public void Get(int key)
    {
        byte[]? found = null;
        Guard(() => found = Store.Get(Keys.Name(key)));
        byte[]? expected = Model.Current.GetValueOrDefault(key);
        if (!IsFaulted && !(found ?? []).AsSpan().SequenceEqual(expected)
            || (!IsFaulted && found is null != expected is null))
        {
            throw new ModelException(
                $"Key {key} has {Length(found)} bytes, and {Length(expected)} were expected.");
        }
    }

    /// <summary>Compares what many keys have, read at once.</summary>
    public void GetMany(IReadOnlyList<int> keys)
    {
        byte[]?[]? found = null;
        Guard(() =>
        {
            var results = new GetManyResult();
            Store.GetMany([.. keys.Select(static key => (ReadOnlyMemory<byte>)Keys.Name(key))],
                results);
            found = [.. keys.Select((_, i) =>
                results.IsFound(i) ? results[i].ToArray() : null)];
        });
        for (int i = 0; i < keys.Count && found is not null; i++)
        {
            byte[]? expected = Model.Current.GetValueOrDefault(keys[i]);
            if (found[i] is null != expected is null
                || !(found[i] ?? []).AsSpan().SequenceEqual(expected))
            {
                throw new ModelException(
                    $"Key {keys[i]} of many has {Length(found[i])} bytes, and "
                    + $"{Length(expected)} were expected.");
            }
        }
    }

    /// <summary>Takes a snapshot of what <see cref="Model"/> now has.</summary>
    /// <returns>The snapshot; null if the store was faulted.</returns>
    public StoreSnapshot? TakeSnapshot()
    {
        StoreSnapshot? snapshot = null;
        Guard(() => snapshot = Store.CreateSnapshot());
        return snapshot;
    }

    /// <summary>Compares a snapshot with what the model had when it was taken.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="then">What each key had.</param>
    /// <param name="way">0 for gets, 1 for many keys at once, else a scan.</param>
    public void CheckSnapshot(
        StoreSnapshot snapshot, SortedDictionary<int, byte[]> then, int way)
    {
        SortedDictionary<int, byte[]>? found = null;
        Guard(() => found = SnapshotReader.Read(snapshot, MaxKey, way));
        if (found is not null && !SnapshotReader.AreSame(found, then))
        {
            throw new ModelException(
                $"A snapshot had {then.Count} keys and has {found.Count}, or others, or other "
                + $"values, read by way {way}.");
        }
    }

    /// <summary>Compares all that the store holds.</summary>
    public void CheckAll()
    {
        SortedDictionary<int, byte[]>? observed = null;
        Guard(() => observed = Observe());
        if (observed is not null
            && (observed.Count != Model.Current.Count || Model.Current.Any(
                pair => !observed.TryGetValue(pair.Key, out byte[]? value)
                    || !value.AsSpan().SequenceEqual(pair.Value))))
        {
            throw new ModelException(
                $"The store holds {observed.Count} keys, not the {Model.Current.Count} expected.");
        }
    }

    /// <summary>Compares after a crash, and takes what is there for what is beyond doubt.</summary>
    public void Settle() => Model.Settle(Observe());

    /// <summary>Everything on the disk is as it should be.</summary>
    public void Verify()
    {
        Guard(() =>
        {
            int[] last = Model.LastOperations();
            VerifyReport report = Store.Verify();
            Model.DurableUpTo(last);
            if (report.Problems.Count != 0 && Machine.Medium.Fault is null)
            {
                throw new ModelException($"Verify: {report.Problems[0]}");
            }
        });
    }

    /// <summary>All keys by a scan, each compared with a get.</summary>
    public SortedDictionary<int, byte[]> Observe()
    {
        var observed = new SortedDictionary<int, byte[]>();
        using (StoreScan scan = Store.Scan())
        {
            foreach (StoreEntry entry in scan)
            {
                if (!observed.TryAdd(Keys.Number(entry.Key), entry.Value.ToArray()))
                {
                    throw new ModelException("A scan met a key twice.");
                }
            }
        }

        for (int key = 0; key <= MaxKey; key++)
        {
            byte[]? found = Store.Get(Keys.Name(key));
            bool isScanned = observed.TryGetValue(key, out byte[]? scanned);
            if (found is null == isScanned || !(found ?? []).AsSpan().SequenceEqual(scanned))
            {
                throw new ModelException($"Key {key} is not in a scan what it is in a get.");
            }
        }

        return observed;
    }

    /// <summary>Shows the sink this moment, for both kinds of crash.</summary>
    public void Offer(string place)
    {
        Show(CrashKind.Kill, place, Machine.Medium.Disk.Copy);
        Show(CrashKind.PowerCut, place, Machine.Medium.Disk.Copy);
    }

    private static string Length(byte[]? value) => value is null ? "no" : $"{value.Length}";

    private void Write(
        int operation, List<Change> changes, Durability durability, Action call)
    {
        (int, IReadOnlyList<Change>, bool) outer = (_operation, _changes, _isPlaced);
        (_operation, _changes, _isPlaced) = (operation, changes, false);
        MaxKey = Math.Max(MaxKey, changes.Max(static change => change.Key));
        try
        {
            Guard(() =>
            {
                call();
                if (durability == Durability.Durable)
                {
                    Model.Durable(operation);
                }
                else
                {
                    Model.Staged(operation);
                }
            });
        }
        finally
        {
            (_operation, _changes, _isPlaced) = outer;
        }
    }

    // A full device is an answer like another. A failed device leaves it open what came of a write;
    // the store says so until it is opened again.
    private void Guard(Action call)
    {
        try
        {
            call();
        }
        catch (StoreFullException)
        {
            WasFull = true;
            if (_isPlaced)
            {
                Model.TakeBack(_operation);
            }
        }
        catch (Exception exception) when (
            exception is StoreFaultedException or Superpipe.DeviceException
                or CorruptStoreException)
        {
            if (Machine.Medium.Fault is null)
            {
                throw new ModelException($"A sound device failed: {exception.Message}", exception);
            }

            IsFaulted = true;
        }
    }

    private void OnStep(string step)
    {
        if (step == Step.Placed)
        {
            Place();
        }

        Show(CrashKind.Kill, step, Machine.Medium.Disk.Copy);
    }

    private void Place()
    {
        if (_operation < 0)
        {
            return;
        }

        if (_isPlaced && !Model.IsLast(_operation))
        {
            // A batch found no room the first time, and others were faster.
            Model.TakeBack(_operation);
            _isPlaced = false;
        }

        if (!_isPlaced)
        {
            Model.Place(_operation, _changes);
            _isPlaced = true;
        }
    }

    private void OnChanging(Func<Disk> changed)
    {
        Show(CrashKind.PowerCut, "a change of the disk", changed);
        NoteCut();
        AtChange?.Invoke();
    }

    private void Show(CrashKind kind, string place, Func<Disk> disk) =>
        Sink?.Reached(kind, () => new Crash(
            kind, place, disk(), Machine.CopyStaging(), Machine.HasIdentity, Model.Copy()));
}
