using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Episodes;

/// <summary>
/// Runs a plan: clients, background work, faults, crashes and openings, one step after the other.
/// While a step is under way, writes of other clients can come between its changes of the disk, and a
/// crash can strike at any of its moments.
/// </summary>
internal sealed partial class Episode : IDisposable
{
    private const int Keys = 24;
    private const int MaxOpenEntries = 25;

    // The longest value that any key of a store can have here: its longest keys have 700 bytes.
    private const int MostBytes = (256 << 10) - 8_308 - 700;

    private readonly EpisodePlan _plan;
    private readonly Trace _trace = new();
    private readonly Session _session;
    private readonly HeldSnapshots _snapshots;
    private readonly HeldClones _clones;
    private readonly HeldBackups _backups;
    private StoreScan? _scan;
    private EpisodeStep? _nested;
    private StepKind? _crash;
    private bool _isNested;

    private Episode(EpisodePlan plan)
    {
        _plan = plan;
        _session = Session.Create(plan.Options);
        _snapshots = new HeldSnapshots(_session);
        _clones = new HeldClones(_session);
        _backups = new HeldBackups(_session);
    }

    /// <summary>Runs a plan.</summary>
    /// <returns>The hash of all that happened.</returns>
    /// <exception cref="ModelException">A promise was broken.</exception>
    public static ulong Run(EpisodePlan plan)
    {
        using var episode = new Episode(plan);
        episode.Open();
        foreach (EpisodeStep step in plan.Steps)
        {
            episode.Run(step);
        }

        episode.End();
        return episode._trace.Hash;
    }

    public void Dispose()
    {
        _session.Machine.Dispose();
        _backups.Dispose();
    }

    private static Durability DurabilityOf(StepKind kind) =>
        kind is StepKind.PutDurable or StepKind.DeleteDurable or StepKind.BatchDurable
            ? Durability.Durable
            : Durability.Buffered;

    private static int LengthOf(Random random) => random.Next(10) switch
    {
        0 => 0,
        < 6 => random.Next(1, 200),
        < 9 => random.Next(200, 9_000),
        _ => random.Next(12) == 0
            ? MostBytes - random.Next(24)
            : random.Next(9_000, 90_000),
    };

    private void Open()
    {
        _session.Open();
        _session.AtChange = BetweenChanges;
        _session.Machine.Medium.Traced = _trace.Add;
    }

    private void End()
    {
        EndReads();
        ClearFaults();
        if (_session.IsFaulted)
        {
            Restart();
        }

        _session.CheckAll();
        _session.Verify();
        _backups.Prune();
        _backups.Restore(new Random(_plan.Seed));
    }

    private void Run(EpisodeStep step)
    {
        _trace.Add((int)step.Kind, step.Seed, default);
        var random = new Random(step.Seed);
        if (_session.Model.OpenEntries > MaxOpenEntries && !_session.IsFaulted)
        {
            // More writes that a crash could take would be more combinations than can be compared.
            ClearFaults();
            _session.Flush();
        }

        OneCrash? crash = _crash is null ? null : new OneCrash(random);
        _session.Sink = crash is null ? null : new KindFilter(crash, KindOf(_crash!.Value));
        Do(step, random);
        _session.Sink = null;
        if (crash is not null)
        {
            if (step.Kind == StepKind.BackupMake && crash.Chosen is not null)
            {
                _backups.CutShort(random);
            }

            Strike(crash, random);
        }

        if (_session.IsFaulted)
        {
            Restart();
        }
    }

    private void Do(EpisodeStep step, Random random)
    {
        int key = random.Next(Keys);
        int shard = random.Next(_plan.Options.Shards);
        switch (step.Kind)
        {
            case StepKind.PutStaged or StepKind.PutDurable:
                _session.Put(key, LengthOf(random), DurabilityOf(step.Kind));
                break;
            case StepKind.Delete or StepKind.DeleteDurable:
                _session.Delete(key, DurabilityOf(step.Kind));
                break;
            case StepKind.Batch or StepKind.BatchDurable:
                _session.Batch(
                    [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => (
                        random.Next(Keys), random.Next(4) == 0 ? -1 : random.Next(3_000)))],
                    DurabilityOf(step.Kind));
                break;
            case StepKind.Get:
                _session.Get(key);
                break;
            case StepKind.GetMany:
                _session.GetMany(
                    [.. Enumerable.Range(0, random.Next(1, Keys)).Select(_ => random.Next(Keys))]);
                break;
            case StepKind.CheckAll:
                _session.CheckAll();
                break;
            case StepKind.Flush:
                _session.Flush();
                break;
            case StepKind.AdvanceFlush:
                _session.AdvanceFlush(shard);
                break;
            case StepKind.Work:
                _session.Work(shard);
                break;
            case StepKind.Prepare:
                _session.Prepare(shard);
                break;
            case StepKind.Seal:
                _session.Seal(shard);
                break;
            case StepKind.Compact:
                _session.Compact();
                break;
            case StepKind.ScanBegin:
                EndScan();
                _scan = _session.Machine.Store.Scan();
                break;
            case StepKind.ScanStep:
                StepScan();
                break;
            case StepKind.Verify:
                _session.Verify();
                break;
            case >= StepKind.SnapshotTake:
                LookElsewhere(step, random);
                break;
            default:
                Disturb(step, random);
                break;
        }
    }

    private void LookElsewhere(EpisodeStep step, Random random)
    {
        switch (step.Kind)
        {
            case StepKind.SnapshotTake:
                _snapshots.Take(random);
                break;
            case StepKind.SnapshotRead:
                _snapshots.Read(random);
                break;
            case StepKind.SnapshotDrop:
                _snapshots.Drop(random);
                break;
            case StepKind.CloneTake:
                _clones.Take(random);
                break;
            case StepKind.CloneRead:
                _clones.Read(random);
                break;
            case StepKind.CloneLetGo:
                _clones.LetGo(random);
                break;
            case StepKind.CloneDrop:
                _clones.Drop(random);
                break;
            case StepKind.BackupMake:
                _backups.Make(random, () => BetweenSegments(random));
                break;
            case StepKind.BackupRestore:
                _backups.Restore(random);
                break;
            default:
                _backups.Prune();
                break;
        }
    }

    // No latch is held at a change of the disk and no operation is under way, so that other clients
    // get through, as long as they need no room.
    private void BetweenChanges()
    {
        if (_nested is not { } step || _isNested || !_session.Machine.IsOpen)
        {
            return;
        }

        _isNested = true;
        ICrashSink? sink = _session.Sink;
        var random = new Random(step.Seed);
        _nested = step with { Seed = random.Next() };
        for (int i = random.Next(3); i > 0; i--)
        {
            int key = random.Next(Keys);
            if (!_session.HasRoom(key))
            {
                continue;
            }

            int other = random.Next(Keys);
            if (random.Next(4) == 0)
            {
                _session.Delete(key, Durability.Buffered);
            }
            else if (random.Next(3) == 0 && _session.HasRoom(other))
            {
                _session.Batch(
                    [(key, random.Next(300)), (other, random.Next(300))], Durability.Buffered);
            }
            else
            {
                _session.Put(key, random.Next(300), Durability.Buffered);
            }

            _session.Get(random.Next(Keys));
        }

        if (_snapshots.Count != 0 && random.Next(2) == 0)
        {
            _snapshots.Read(random);
        }

        if (random.Next(2) == 0)
        {
            _clones.ReadMeanwhile(random);
        }

        _nested = random.Next(6) == 0 ? null : _nested;
        _session.Sink = sink;
        _isNested = false;
    }

    // Nothing is held then but the segments of the moment of the backup.
    private void BetweenSegments(Random random)
    {
        int key = random.Next(Keys);
        if (_session.IsFaulted)
        {
            return;
        }

        switch (random.Next(8))
        {
            case 0:
                _session.Compact();
                break;
            case 1:
                _session.Seal(random.Next(_plan.Options.Shards));
                break;
            case 2:
                _session.Machine.Adapter.Reset();
                break;
            case < 5:
                _session.Flush();
                break;
            default:
                _session.Put(key, LengthOf(random), Durability.Buffered);
                break;
        }
    }

    private void StepScan()
    {
        for (int i = 0; i < 5 && _scan is not null && !_session.IsFaulted; i++)
        {
            if (!_scan.MoveNext())
            {
                EndScan();
            }
        }
    }

    // Neither a scan nor a snapshot outlives its store, and no clone its adapter.
    private void EndReads()
    {
        EndScan();
        _snapshots.Clear();
        _clones.Clear();
    }

    private void EndScan()
    {
        _scan?.Dispose();
        _scan = null;
    }

    private void Strike(OneCrash one, Random random)
    {
        CrashKind kind = KindOf(_crash!.Value);
        _crash = null;
        if (one.Chosen is null)
        {
            _session.Sink = new KindFilter(one, kind);
            _session.Offer("between two steps");
            _session.Sink = null;
        }

        EndReads();
        _nested = null;

        // The opening is ended as well, one time of three, and the next one finds what it left.
        Crash crash = one.Chosen!;
        CutMode mode = (CutMode)random.Next((int)CutMode.KeepFirst);
        OneCrash? again = random.Next(3) == 0 ? new OneCrash(random) : null;
        _session.Sink = again;
        _session.Suffer(crash, mode, random.Next());
        if (again?.Chosen is { } stopped)
        {
            _session.Sink = null;
            _session.Suffer(stopped, mode, random.Next());
        }

        _session.Sink = null;
        _session.AtChange = BetweenChanges;
        _session.Machine.Medium.Traced = _trace.Add;
        _trace.Add(-1, _session.Model.Current.Count, default);
    }

    // After a fault only an opening tells what is there; staging is as the process left it.
    private void Restart()
    {
        EndReads();
        ClearFaults();
        _nested = null;
        var now = new OneCrash(new Random(0));
        _session.Sink = new KindFilter(now, CrashKind.Kill);
        _session.Offer("a fault");
        _session.Sink = null;
        _session.Suffer(now.Chosen!, CutMode.KeepAll, 0);
        _session.AtChange = BetweenChanges;
        _session.Machine.Medium.Traced = _trace.Add;
    }

    private static CrashKind KindOf(StepKind step) =>
        step == StepKind.PowerCut ? CrashKind.PowerCut : CrashKind.Kill;
}
