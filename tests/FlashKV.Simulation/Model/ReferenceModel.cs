using System.Text;

namespace FlashKV.Simulation.Model;

/// <summary>
/// What a store must hold: a sorted dictionary of what is beyond doubt, and for each shard the list
/// of the writes since, in the order of its log, with how far they were acknowledged. After a crash
/// each shard holds a prefix of its list that has all that was acknowledged, and a batch counts in
/// all shards or in none.
/// </summary>
internal sealed class ReferenceModel
{
    private const int MaxOpenBatches = 12;

    private readonly SortedDictionary<int, byte[]> _settled;
    private readonly SortedDictionary<int, byte[]> _current;
    private readonly List<LogEntry>[] _logs;
    private readonly int[] _staged;
    private readonly int[] _durable;
    private readonly Func<int, int> _shardOf;
    private int _operations;

    public ReferenceModel(int shards, Func<int, int> shardOf)
    {
        _shardOf = shardOf;
        _settled = [];
        _current = [];
        _logs = [.. Enumerable.Range(0, shards).Select(static _ => new List<LogEntry>())];
        _staged = new int[shards];
        _durable = new int[shards];
    }

    private ReferenceModel(ReferenceModel other)
    {
        _shardOf = other._shardOf;
        _settled = new(other._settled);
        _current = new(other._current);
        _logs = [.. other._logs.Select(static log => new List<LogEntry>(log))];
        _staged = [.. other._staged];
        _durable = [.. other._durable];
        _operations = other._operations;
    }

    /// <summary>What reads must see now.</summary>
    public IReadOnlyDictionary<int, byte[]> Current => _current;

    /// <summary>The writes that a crash could take.</summary>
    public int OpenEntries => _logs.Sum(static log => log.Count);

    public ReferenceModel Copy() => new(this);

    /// <summary>A write is on its way.</summary>
    /// <returns>The number of the write.</returns>
    public int Begin() => _operations++;

    /// <summary>
    /// A write has its place in the log: it is seen, and comes after all that were placed before.
    /// </summary>
    public void Place(int operation, IReadOnlyList<Change> changes)
    {
        List<Change> writing = [.. changes.Where(
            change => change.Value is not null || _current.ContainsKey(change.Key))];
        bool isBatch = writing.Count > 1;
        foreach (Change change in writing.OrderBy(change => _shardOf(change.Key)))
        {
            _logs[_shardOf(change.Key)].Add(
                new LogEntry(operation, change.Key, change.Value, isBatch));
            Apply(_current, change.Key, change.Value);
        }

        if (isBatch)
        {
            // The commit record lies in the first of the shards.
            _logs[writing.Min(change => _shardOf(change.Key))].Add(
                new LogEntry(operation, -1, null, true));
        }
    }

    /// <summary>Whether nothing was placed behind a write that was placed.</summary>
    public bool IsLast(int operation) =>
        Array.TrueForAll(_logs, log =>
            log.Count == 0 || log[^1].Operation == operation
            || log.TrueForAll(entry => entry.Operation != operation));

    /// <summary>Takes a write back that the store has given up.</summary>
    public void TakeBack(int operation)
    {
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            List<LogEntry> log = _logs[shard];
            _staged[shard] -= log.Take(_staged[shard]).Count(entry => entry.Operation == operation);
            _durable[shard] -=
                log.Take(_durable[shard]).Count(entry => entry.Operation == operation);
            log.RemoveAll(entry => entry.Operation == operation);
        }

        Rebuild();
    }

    /// <summary>A write was acknowledged in staging, with all that came before it.</summary>
    public void Staged(int operation) => Raise(_staged, operation);

    /// <summary>A write was acknowledged on stable storage.</summary>
    public void Durable(int operation)
    {
        Raise(_durable, operation);
        Raise(_staged, operation);
        Fold();
    }

    /// <summary>Everything written so far was acknowledged on stable storage.</summary>
    public void AllDurable()
    {
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            _durable[shard] = _staged[shard] = _logs[shard].Count;
        }

        Fold();
    }

    /// <summary>The last write of each shard, for <see cref="DurableUpTo"/>; -1 for none.</summary>
    public int[] LastOperations() =>
        Array.ConvertAll(_logs, static log => log.Count == 0 ? -1 : log[^1].Operation);

    /// <summary>
    /// Everything up to the given writes was acknowledged on stable storage. What others wrote
    /// meanwhile was not.
    /// </summary>
    public void DurableUpTo(int[] last)
    {
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            int end = 1 + _logs[shard].FindLastIndex(entry => entry.Operation == last[shard]);
            _durable[shard] = Math.Max(_durable[shard], end);
            _staged[shard] = Math.Max(_staged[shard], end);
        }

        Fold();
    }

    /// <summary>Everything written so far is in staging.</summary>
    public void AllStaged()
    {
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            _staged[shard] = _logs[shard].Count;
        }
    }

    /// <summary>After a crash the promise of staging is what is left of it.</summary>
    public void Crash(CrashKind kind)
    {
        if (kind == CrashKind.PowerCut)
        {
            _durable.CopyTo(_staged, 0);
        }
    }

    /// <summary>
    /// The versions of a key that there can be, in the order of the log: what is beyond doubt, then
    /// the writes since.
    /// </summary>
    public IReadOnlyList<KeyVersion> VersionsOf(int key) =>
    [
        new KeyVersion(_settled.GetValueOrDefault(key), null),
        .. _logs[_shardOf(key)].Where(entry => entry.Key == key)
            .Select(static entry => new KeyVersion(
                entry.Value, entry.IsMember ? entry.Operation : null)),
    ];

    /// <summary>The batches whose records a crash could take, with the keys of each.</summary>
    public ILookup<int, int> BatchKeys() => _logs.SelectMany(static log => log)
        .Where(static entry => entry is { IsMember: true, Key: >= 0 })
        .ToLookup(static entry => entry.Operation, static entry => entry.Key);

    /// <summary>Compares what a store holds after a crash, and takes it for what is beyond doubt.</summary>
    /// <exception cref="ModelException">It broke a promise.</exception>
    public void Settle(IReadOnlyDictionary<int, byte[]> observed)
    {
        int[] batches = OpenBatches();
        if (batches.Length > MaxOpenBatches)
        {
            throw new InvalidOperationException($"{batches.Length} open batches are too many.");
        }

        for (int counted = 0; counted < 1 << batches.Length; counted++)
        {
            HashSet<int> left = [.. batches.Where((_, i) => (counted & (1 << i)) == 0)];
            if (Enumerable.Range(0, _logs.Length).All(shard => IsPossible(shard, left, observed)))
            {
                Accept(observed);
                return;
            }
        }

        throw new ModelException(Describe(observed));
    }

    private static void Apply(SortedDictionary<int, byte[]> state, int key, byte[]? value)
    {
        if (key < 0)
        {
            return;
        }

        if (value is null)
        {
            state.Remove(key);
        }
        else
        {
            state[key] = value;
        }
    }

    private static bool AreEqual(byte[]? left, byte[]? right) =>
        left is null || right is null ? left == right : left.AsSpan().SequenceEqual(right);

    private void Raise(int[] floors, int operation)
    {
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            int last = _logs[shard].FindLastIndex(entry => entry.Operation == operation);
            floors[shard] = Math.Max(floors[shard], last + 1);
        }
    }

    // The batches that are not acknowledged in all of their shards.
    private int[] OpenBatches() =>
        [.. _logs.SelectMany((log, shard) => log.Skip(_staged[shard]))
            .Where(static entry => entry.IsMember)
            .Select(static entry => entry.Operation)
            .Distinct()];

    /// <summary>Whether a shard holds a prefix of its log, with some batches left out.</summary>
    private bool IsPossible(
        int shard, HashSet<int> left, IReadOnlyDictionary<int, byte[]> observed)
    {
        List<LogEntry> log = _logs[shard];
        int least = Math.Max(
            _staged[shard],
            1 + log.FindLastIndex(entry => entry.IsMember && !left.Contains(entry.Operation)));
        var touched = log.Where(static entry => entry.Key >= 0)
            .Select(static entry => entry.Key).Distinct().ToDictionary(
                key => key, key => _settled.GetValueOrDefault(key));
        for (int cut = 0; cut <= log.Count; cut++)
        {
            if (cut >= least
                && touched.All(pair => AreEqual(
                    pair.Value, observed.GetValueOrDefault(pair.Key)))
                && IsSettledPart(shard, touched, observed))
            {
                return true;
            }

            if (cut < log.Count && log[cut] is { Key: >= 0 } entry
                && !(entry.IsMember && left.Contains(entry.Operation)))
            {
                touched[entry.Key] = entry.Value;
            }
        }

        return false;
    }

    private bool IsSettledPart(
        int shard, Dictionary<int, byte[]?> touched, IReadOnlyDictionary<int, byte[]> observed) =>
        _settled.All(pair => touched.ContainsKey(pair.Key) || _shardOf(pair.Key) != shard
            || AreEqual(pair.Value, observed.GetValueOrDefault(pair.Key)))
        && observed.Keys.All(key => touched.ContainsKey(key) || _shardOf(key) != shard
            || _settled.ContainsKey(key));

    private void Accept(IReadOnlyDictionary<int, byte[]> observed)
    {
        _settled.Clear();
        foreach ((int key, byte[] value) in observed)
        {
            _settled.Add(key, value);
        }

        for (int shard = 0; shard < _logs.Length; shard++)
        {
            _logs[shard].Clear();
            _staged[shard] = _durable[shard] = 0;
        }

        Rebuild();
    }

    // What is durable everywhere is beyond doubt.
    private void Fold()
    {
        HashSet<int> open = [.. _logs.SelectMany((log, shard) => log.Skip(_durable[shard]))
            .Select(static entry => entry.Operation)];
        for (int shard = 0; shard < _logs.Length; shard++)
        {
            int count = _logs[shard].FindIndex(entry => open.Contains(entry.Operation));
            count = count < 0 ? _logs[shard].Count : count;
            foreach (LogEntry entry in _logs[shard].Take(count))
            {
                Apply(_settled, entry.Key, entry.Value);
            }

            _logs[shard].RemoveRange(0, count);
            _durable[shard] -= count;
            _staged[shard] -= count;
        }
    }

    private void Rebuild()
    {
        _current.Clear();
        foreach ((int key, byte[] value) in _settled)
        {
            _current.Add(key, value);
        }

        foreach (LogEntry entry in _logs.SelectMany(static log => log))
        {
            Apply(_current, entry.Key, entry.Value);
        }
    }

    private string Describe(IReadOnlyDictionary<int, byte[]> observed)
    {
        var text = new StringBuilder("No prefix of the writes explains what the store holds.");
        foreach (int key in _settled.Keys.Union(_current.Keys).Union(observed.Keys).Order())
        {
            byte[]? found = observed.GetValueOrDefault(key);
            if (AreEqual(found, _current.GetValueOrDefault(key)))
            {
                continue;
            }

            text.AppendLine().Append(System.Globalization.CultureInfo.InvariantCulture,
                $"  key {key} of shard {_shardOf(key)}: found {Name(found)}, ");
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"settled {Name(_settled.GetValueOrDefault(key))}");
        }

        for (int shard = 0; shard < _logs.Length; shard++)
        {
            text.AppendLine().Append(System.Globalization.CultureInfo.InvariantCulture,
                $"  shard {shard}, acknowledged {_staged[shard]} (durable {_durable[shard]}) of:");
            foreach (LogEntry entry in _logs[shard])
            {
                text.Append(System.Globalization.CultureInfo.InvariantCulture,
                    $" #{entry.Operation}{(entry.IsMember ? "b" : "")}:");
                text.Append(System.Globalization.CultureInfo.InvariantCulture,
                    $"{entry.Key}={Name(entry.Value)}");
            }
        }

        return text.ToString();
    }

    private static string Name(byte[]? value) =>
        value is null ? "nothing"
            : value.Length >= sizeof(int) ? $"v{BitConverter.ToInt32(value)}({value.Length})"
            : $"({value.Length})";
}
