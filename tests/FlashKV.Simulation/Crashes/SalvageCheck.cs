using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// What salvage gives after a crash that damaged nothing, beside what an opening gives. It gives
/// values that their keys once had, none older than an opening gives nor than any record that is
/// whole, and batches whole or not at all. It may keep writes behind one that a power cut has torn,
/// and then it says so.
/// </summary>
internal sealed class SalvageCheck
{
    private readonly ReferenceModel _model;
    private readonly SortedDictionary<int, byte[]> _saved = [];
    private readonly IReadOnlyList<(int Key, byte[]? Value)> _whole;
    private readonly Dictionary<int, List<KeyVersion>> _versions = [];
    private readonly Dictionary<int, int> _newest = [];
    private readonly string _report;

    /// <summary>Salvages what a crash has left.</summary>
    /// <param name="machine">The machine, in that state.</param>
    /// <param name="model">What was written up to then.</param>
    public SalvageCheck(Machine machine, ReferenceModel model)
    {
        _model = model.Copy();
        SalvageReport report = machine.Salvage(
            -1, (key, value) => _saved.Add(Keys.Number(key), value.ToArray()));
        _report = string.Join("; ", report.Losses.Select(static loss => $"{loss}"));
        _whole = WholeRecords.On(machine);
    }

    /// <summary>Compares with what an opening gave.</summary>
    /// <exception cref="ModelException">Salvage broke a promise.</exception>
    public void Compare(IReadOnlyDictionary<int, byte[]> opened)
    {
        int[] keys = [.. _saved.Keys.Union(opened.Keys).Union(
            _whole.Select(static record => record.Key))];
        foreach (int key in keys)
        {
            int first = VersionsOf(key).FindIndex(
                version => version.Has(opened.GetValueOrDefault(key)));
            Require(Newest(key) >= 0, $"key {key} has what it never had");
            Require(Newest(key) >= first, $"key {key} is older than in an opening");
            Require(
                _report.Length != 0 || AreSame(key, opened),
                $"key {key} is not what an opening gives, and nothing is said");
        }

        foreach ((int key, byte[]? value) in _whole)
        {
            int first = VersionsOf(key).FindIndex(version => version.Has(value));
            Require(Newest(key) >= first, $"key {key} is older than a whole record");
        }

        CompareBatches();
    }

    // A key whose value only a batch can have given: then the others have theirs, or newer ones.
    private void CompareBatches()
    {
        foreach (IGrouping<int, int> batch in _model.BatchKeys())
        {
            bool isThere = batch.Any(key => VersionsOf(key)
                .Where(version => version.Has(_saved.GetValueOrDefault(key)))
                .All(version => version.Batch == batch.Key));
            foreach (int key in batch.Where(_ => isThere))
            {
                int place = VersionsOf(key).FindIndex(version => version.Batch == batch.Key);
                Require(Newest(key) >= place, $"key {key} lacks what its batch gave to others");
            }
        }
    }

    // The place of what salvage gave among the versions of a key; -1 if it is none of them.
    private int Newest(int key)
    {
        if (!_newest.TryGetValue(key, out int newest))
        {
            newest = VersionsOf(key).FindLastIndex(
                version => version.Has(_saved.GetValueOrDefault(key)));
            _newest.Add(key, newest);
        }

        return newest;
    }

    private List<KeyVersion> VersionsOf(int key)
    {
        if (!_versions.TryGetValue(key, out List<KeyVersion>? versions))
        {
            versions = [.. _model.VersionsOf(key)];
            _versions.Add(key, versions);
        }

        return versions;
    }

    private bool AreSame(int key, IReadOnlyDictionary<int, byte[]> opened) =>
        new KeyVersion(_saved.GetValueOrDefault(key), null).Has(opened.GetValueOrDefault(key));

    private void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ModelException($"Salvage: {problem}. It reports: {_report}");
        }
    }
}
