using FlashKV.Clones;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Machines;

/// <summary>
/// A clone of the store in another process of its machine: what a store hands over and what a reader
/// does with it, without the socket between them. It is opened when it is first read.
/// </summary>
internal sealed class SimulatedClone : IDisposable
{
    private readonly Machine _machine;
    private readonly StoreCut _cut;
    private readonly byte[] _view;
    private readonly Stack<IDisposable> _held = new();
    private StoreCore? _core;
    private StoreSnapshot? _all;

    /// <summary>Takes what a store hands over of a cut.</summary>
    public SimulatedClone(Machine machine, StoreCut cut)
    {
        _machine = machine;
        _cut = cut;
        _view = CloneViewFormat.Write(CloneView.Of(
            cut, machine.Store.Core.Superblock, new StorePlace("", "", ""), null));
    }

    public bool IsOpen => _all is not null;

    /// <summary>Whether its segments may be used again: a read is right or fails.</summary>
    public bool IsLetGo => _cut.Ended != CutEnd.None;

    /// <summary>The store lets its segments go, and the reader does not hear of it.</summary>
    public void LetGo() => _cut.End(CutEnd.TimeIsOver);

    /// <summary>Reads all keys.</summary>
    /// <param name="maxKey">The largest number of a key.</param>
    /// <param name="way">0 for gets, 1 for many keys at once, else a scan.</param>
    public SortedDictionary<int, byte[]> Read(int maxKey, int way)
    {
        if (_all is null)
        {
            Open();
        }

        return way == 1
            ? SnapshotReader.ReadMany(maxKey, GetMany)
            : SnapshotReader.Read(_all!, maxKey, way);
    }

    public void Dispose()
    {
        Close();
        _cut.End(CutEnd.Disposed);
    }

    private void Open()
    {
        try
        {
            CloneView view = CloneViewFormat.Read(_view);
            FlashStoreOptions options = _machine.NewStoreOptions();
            SuperpipeDevice device = Hold(_machine.OpenInChild());
            CloneSource[] sources =
                [.. _machine.Store.CloneSources.Select(CloneSource.Parse)];
            ClonedLuns luns = Hold(new ClonedLuns(
                device, sources, view.Shards.Length, options.Attachment));
            _core = Hold(StoreCore.OpenClone(view, luns.Shards, options));
            _all = Hold(new StoreSnapshot(_core, new SnapshotOptions()));
        }
        catch
        {
            Close();
            throw;
        }
    }

    // As a clone does it: nothing changes there, so the index tells what the moment had.
    private void GetMany(ReadOnlyMemory<byte>[] keys, GetManyResult results)
    {
        using Epoch.Operation operation = Epoch.Enter();
        results.Begin(keys.Length);
        results.Reader.Read(_core!, keys, results);
    }

    private T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Push(held);
        return held;
    }

    private void Close()
    {
        _all = null;
        while (_held.TryPop(out IDisposable? held))
        {
            held.Dispose();
        }
    }
}
