using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Episodes;

/// <summary>
/// The backups of an episode's store, each with what the model held at its moment. They are on
/// another disk, so they outlive what happens to the store.
/// </summary>
internal sealed class HeldBackups(Session session) : IDisposable
{
    private const int MostSegments = 12;
    private const int Kept = 2;

    private readonly string _directory = Machine.NewDirectory();
    private readonly SortedDictionary<int, SortedDictionary<int, byte[]>> _then = [];
    private string[] _copied = [];
    private int? _made;

    private string Backups => Path.Combine(_directory, "backups");

    /// <summary>Makes one, which one time of three is cut short.</summary>
    /// <param name="random">What is drawn.</param>
    /// <param name="between">What happens to the store between two segments.</param>
    public void Make(Random random, Action between)
    {
        using var stop = new CancellationTokenSource();
        int left = random.Next(3) == 0 ? random.Next(1, MostSegments) : int.MaxValue;
        string[] before = Segments();
        var options = new BackupOptions
        {
            MaxParallelism = 1,
            Progress = new EachSegment(() =>
            {
                session.Meanwhile(between);
                if (--left == 0)
                {
                    stop.Cancel();
                }
            }),
        };
        int expected = _then.Keys.LastOrDefault() + 1;
        _made = session.BackUp(
            Backups, options, out SortedDictionary<int, byte[]> then, stop.Token);
        _copied = [.. Segments().Except(before)];
        if (_made is null)
        {
            Damage(random);
        }
        else if (_made == expected)
        {
            _then.Add(expected, then);
        }
        else
        {
            throw new ModelException($"A backup has number {_made} instead of {expected}.");
        }
    }

    /// <summary>What was just made was not: a crash came before the end.</summary>
    public void CutShort(Random random)
    {
        if (_made is { } number)
        {
            File.Delete(Path.Combine(Backups, $"{number:d6}.manifest"));
            _then.Remove(number);
            Damage(random);
        }
    }

    /// <summary>Restores one, or the latest, and compares.</summary>
    /// <exception cref="ModelException">It is not what the store was.</exception>
    public void Restore(Random random)
    {
        if (_then.Count != 0)
        {
            Session.Aside(() => Restore(
                _then.Keys.ElementAt(random.Next(_then.Count)), random.Next(3)));
        }
    }

    /// <summary>Verifies all, and takes the older ones away.</summary>
    /// <exception cref="ModelException">One is damaged, or there are others.</exception>
    public void Prune()
    {
        if (_then.Count == 0)
        {
            return;
        }

        if (StoreBackup.Verify(Backups) is [var problem, ..])
        {
            throw new ModelException($"A backup is damaged: {problem}");
        }

        StoreBackup.Prune(Backups, Kept);
        while (_then.Count > Kept)
        {
            _then.Remove(_then.Keys.First());
        }

        if (!StoreBackup.List(Backups).Select(static info => info.Number).SequenceEqual(_then.Keys))
        {
            throw new ModelException("There are other backups than were made.");
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private void Restore(int number, int way)
    {
        string restored = Path.Combine(_directory, "restored");
        FlashStoreOptions options = session.Machine.NewStoreOptions();
        StoreBackup.Restore(
            Backups, restored, number, new BackupOptions { MaxParallelism = 1 }, options);
        using (FlashStore store = FlashStore.Open(restored, options))
        {
            using StoreSnapshot all = store.CreateSnapshot();
            SortedDictionary<int, byte[]> found =
                SnapshotReader.Read(all, session.MaxKey, way);
            if (!SnapshotReader.AreSame(found, _then[number]))
            {
                throw new ModelException(
                    $"Backup {number} was made of {_then[number].Count} keys and has "
                    + $"{found.Count}, or others, or other values.");
            }

            if (store.Verify().Problems is [var problem, ..])
            {
                throw new ModelException($"A restored store is damaged: {problem}");
            }
        }

        Directory.Delete(restored, recursive: true);
    }

    // No manifest vouches for what a backup left that was cut short: a power cut may take part of it.
    private void Damage(Random random)
    {
        if (_copied.Length == 0 || random.Next(2) == 0)
        {
            return;
        }

        using FileStream file = File.Open(
            _copied[random.Next(_copied.Length)], FileMode.Open);
        long at = random.NextInt64(file.Length);
        if (random.Next(2) == 0)
        {
            file.SetLength(at);
        }
        else
        {
            file.Position = at;
            int found = file.ReadByte();
            file.Position = at;
            file.WriteByte((byte)(found ^ (1 << random.Next(8))));
        }
    }

    private string[] Segments()
    {
        string path = Path.Combine(Backups, "segments");
        return Directory.Exists(path) ? [.. Directory.GetFiles(path).Order()] : [];
    }

    private sealed class EachSegment(Action done) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => done();
    }
}
