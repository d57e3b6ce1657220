using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>
/// Runs a history on the drivers of two adapters that share a LUN, and on a reference model that is
/// written from SP §3 alone: modes, users, handles, allocation, clone counts. Parent, child and
/// stranger act.
/// </summary>
internal sealed class DriverModelRun : IDisposable
{
    private const int Parent = 100;
    private static readonly int[] s_processes = [Parent, 101, 102];

    private readonly MemoryMedium[] _media;
    private readonly SimulatedHost _host;
    private readonly ModelLun[] _luns = [new(), new()];
    private readonly Dictionary<int, int> _parents = [];
    private readonly Dictionary<(int Process, int Node), TestClient> _clients = [];
    private readonly List<ModelContext> _contexts = [];
    private readonly List<ulong> _ids = [];

    internal DriverModelRun()
    {
        _media = [Medium(), Medium()];
        _host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [Adapter(_media[0], _media[1]), Adapter(_media[0])],
        });
        Array.ForEach(s_processes, Start);
    }

    private static MemoryMedium Medium() => new(ModelLun.ChunkCount * 65_536);

    private static SimulatedAdapterOptions Adapter(params Medium[] media) => new()
    {
        Luns = [.. media.Select(medium => new SimulatedLunOptions(medium))],
        PortCount = 1,
    };

    internal void Step(ModelStep step)
    {
        int process = s_processes[step.Process % s_processes.Length];
        int node = step.Node % 3;
        TestClient client = _clients[(process, node)];
        ModelLun lun = _luns[node == 1 ? 1 : 0];
        int adapter = node == 2 ? 1 : 0;
        _ = step.Kind switch
        {
            0 or 1 => Attach(client, adapter, process, lun),
            2 => Reuse(step, client, adapter, process, lun),
            3 => Detach(step, client, adapter, process, lun),
            4 => OpenDirect(step, client, adapter, process, lun),
            5 or 6 => OpenVirtual(step, client, adapter, process, lun),
            7 or 8 => Resize(step, client, adapter, process, lun),
            9 => Release(step, client, adapter, process, lun),
            10 => Verify(step, client, adapter, process, lun),
            11 or 12 => Clone(step, client, adapter, process, lun),
            13 => Recover(step, client, adapter, process, lun),
            14 => Reset(adapter),
            _ => step.Other == 0 ? Exit(process) : Errno.None,
        };
        Compare();
    }

    internal void EndAll()
    {
        Array.ForEach(s_processes, process => Exit(process));
        Compare();
        foreach (SimulatedAdapter adapter in _host.Adapters)
        {
            Assert.Equal(0, adapter.Driver.ContextCount);
            Assert.Equal(0, adapter.Driver.HandleCount);
        }

        // What is open are the device nodes of the processes that began anew.
        Assert.Equal(s_processes.Length * 3, _host.Module.DescriptorCount);
    }

    public void Dispose()
    {
        _host.Dispose();
        foreach (TestClient client in _clients.Values)
        {
            client.Dispose();
        }

        Array.ForEach(_media, medium => medium.Dispose());
    }

    private void Start(int process)
    {
        _parents[process] = process == 101 ? Parent : 1;
        for (int node = 0; node < 3; node++)
        {
            if (_clients.Remove((process, node), out TestClient? old))
            {
                old.Dispose();
            }

            SimulatedAdapter adapter = _host.Adapters[node == 2 ? 1 : 0];
            _clients[(process, node)] =
                new TestClient(adapter, process, _parents[process], _host.DevicePaths[node]);
        }
    }

    private ulong IdOf(int index) => _ids.Count == 0 ? 77 : _ids[index % _ids.Count];

    private ModelContext? Find(
        ulong id, int adapter, int owner, ModelLun? lun, bool fallsBack = false) =>
        _contexts.Find(context => context.Id == id && context.Adapter == adapter
            && !context.IsGone && context.Owner == owner
            && (!context.IsInError || fallsBack)
            && (lun is null || context.Luns.Contains(lun)));

    private Errno Attach(TestClient client, int adapter, int process, ModelLun lun)
    {
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach attach));
        Assert.DoesNotContain(attach.ContextId, _ids);
        ModelContext context = new(adapter, process) { Id = attach.ContextId };
        lun.IsKnown = true;
        context.Luns.Add(lun);
        _contexts.Add(context);
        _ids.Add(context.Id);
        return Errno.None;
    }

    private Errno Reuse(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        lun.IsKnown = true;
        ModelContext? context = Find(id, adapter, process, lun: null);
        Errno expected = context is null || context.Luns.Contains(lun)
            ? Errno.InvalidArgument
            : Errno.None;
        Assert.Equal(expected, client.TryAttach(out _, reuse: id));
        if (expected == Errno.None)
        {
            context!.Luns.Add(lun);
        }

        return expected;
    }

    private Errno Detach(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelContext? context = Find(id, adapter, process, lun, fallsBack: true);
        Errno expected = context is null ? Errno.InvalidArgument : Errno.None;
        Assert.Equal(expected, client.Detach(id));
        context?.Detach(lun);
        return expected;
    }

    private Errno OpenDirect(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelContext? context = Find(id, adapter, process, lun);
        bool isGood = lun.MayUse(LunMode.Physical) && context is not null;
        Errno expected = isGood ? Errno.None : Errno.InvalidArgument;
        Assert.Equal(expected, client.TryOpenDirect(out DkCxlflashUdirect opened, id));
        if (isGood)
        {
            lun.Use(LunMode.Physical);
            ModelHandle handle = context!.Open(lun, isVirtual: false, out int index);
            Assert.Equal(((ulong)index, handle.LastLba), (opened.RsrcHandle, opened.LastLba));
        }

        return expected;
    }

    private Errno OpenVirtual(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelContext? context = Find(id, adapter, process, lun);
        Errno expected = lun.Mode == LunMode.None && !lun.IsKnown ? Errno.OutOfMemory
            : !lun.MayUse(LunMode.Virtual) || context is null ? Errno.InvalidArgument
            : step.Chunks > 0 && lun.Free == 0 ? Errno.NoSpace
            : Errno.None;
        Assert.Equal(
            expected,
            client.TryOpenVirtual(step.Blocks, out DkCxlflashUvirtual opened, context: id));
        if (expected == Errno.None)
        {
            lun.Use(LunMode.Virtual);
            ModelHandle handle = context!.Open(lun, isVirtual: true, out int index);
            lun.Resize(handle, step.Chunks);
            Assert.Equal(((ulong)index, handle.LastLba), (opened.RsrcHandle, opened.LastLba));
        }

        return expected;
    }

    private Errno Resize(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelHandle? handle = Handle(Find(id, adapter, process, lun, fallsBack: true), step, lun);
        Errno expected = lun.Mode != LunMode.Virtual || handle is null ? Errno.InvalidArgument
            : step.Chunks > handle.Chunks.Count && lun.Free == 0 ? Errno.NoSpace
            : Errno.None;
        Assert.Equal(
            expected, client.Resize((ulong)step.Handle, step.Blocks, out ulong lastLba, id));
        if (expected == Errno.None)
        {
            lun.Resize(handle!, step.Chunks);
            Assert.Equal(handle!.LastLba, lastLba);
        }

        return expected;
    }

    private Errno Release(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelContext? context = Find(id, adapter, process, lun, fallsBack: true);
        bool isGood = Handle(context, step, lun) is not null;
        Errno expected = isGood ? Errno.None : Errno.InvalidArgument;
        Assert.Equal(expected, client.Release((ulong)step.Handle, id));
        if (isGood)
        {
            context!.Release(step.Handle);
        }

        return expected;
    }

    private Errno Verify(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelHandle? handle = Handle(Find(id, adapter, process, lun), step, lun);
        Errno expected = handle is null ? Errno.InvalidArgument : Errno.None;
        Assert.Equal(
            expected, client.Verify((ulong)step.Handle, out ulong lastLba, context: id));
        Assert.Equal(handle?.LastLba ?? 0, lastLba);
        return expected;
    }

    private Errno Clone(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        // The destination is often the caller's newest context, so that clones do come about.
        ulong source = IdOf(step.Context);
        ulong destination = step.Other < 6
            ? _contexts.FindLast(context => context.Owner == process)?.Id ?? 77
            : IdOf(step.Context + step.Other);
        ModelContext? from = Find(source, adapter, _parents[process], lun);
        ModelContext? to = Find(destination, adapter, process, lun);
        bool isGood = source != destination && lun.Mode == LunMode.Virtual
            && from is not null && to is not null && to.Handles.Count == 0;
        client.ContextId = destination;
        Errno expected = isGood ? Errno.None : Errno.InvalidArgument;
        Assert.Equal(expected, client.Clone(source));
        if (isGood)
        {
            Copy(from!, to!);
        }

        return expected;
    }

    private static void Copy(ModelContext from, ModelContext to)
    {
        foreach ((int index, ModelHandle handle) in from.Handles)
        {
            if (handle.IsVirtual)
            {
                ModelHandle copy = new(handle.Lun, IsVirtual: true);
                to.Handles.Add(index, copy);
                handle.Lun.Use(LunMode.Virtual);
                handle.Lun.Share(handle, copy);
            }
        }

        to.Luns.UnionWith(from.Luns);
    }

    private Errno Recover(
        ModelStep step, TestClient client, int adapter, int process, ModelLun lun)
    {
        ulong id = IdOf(step.Context);
        ModelContext? context = Find(id, adapter, process, lun, fallsBack: true);
        Errno expected = context is null ? Errno.InvalidArgument : Errno.None;
        Assert.Equal(expected, client.TryRecover(out DkCxlflashRecoverAfu recovered, id));
        Assert.Equal(
            context is { IsInError: true },
            recovered.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.RecoverAfuContextReset));
        if (context is { IsInError: true })
        {
            context.IsInError = false;
            context.Id = recovered.ContextId;
            _ids.Add(context.Id);
        }

        return expected;
    }

    private Errno Reset(int adapter)
    {
        _host.Adapters[adapter].Reset();
        _contexts.FindAll(context => context.Adapter == adapter && !context.IsGone)
            .ForEach(context => context.IsInError = true);
        return Errno.None;
    }

    private Errno Exit(int process)
    {
        _clients[(process, 0)].Process.Exit();
        _contexts.FindAll(context => context.Owner == process && !context.IsGone)
            .ForEach(context => context.End());
        foreach (int other in s_processes)
        {
            _parents[other] = _parents[other] == process ? 1 : _parents[other];
        }

        Start(process);
        return Errno.None;
    }

    private static ModelHandle? Handle(ModelContext? context, ModelStep step, ModelLun lun) =>
        context?.Handles.GetValueOrDefault(step.Handle) is { } handle && handle.Lun == lun
            ? handle
            : null;

    private void Compare()
    {
        for (int i = 0; i < 2; i++)
        {
            GlobalLun lun = _host.Module.Devices[i].Lun!.Parent;
            Assert.Equal((_luns[i].Mode, _luns[i].Users), (lun.Mode, lun.Users));
            Assert.Equal(
                _luns[i].Mode == LunMode.Virtual ? _luns[i].Free : null, lun.Chunks?.FreeCount);
        }

        foreach (ModelContext context in _contexts)
        {
            DriverContext? real =
                _host.Adapters[context.Adapter].Driver.ContextOf(context.Id);
            Assert.Equal(context.IsGone, real is null);
            if (real is not null)
            {
                Assert.Equal(context.IsInError, real.IsInError);
                Assert.Equal(context.Handles.Count, real.HandleCount);
                CompareHandles(context, real);
            }
        }
    }

    private static void CompareHandles(ModelContext context, DriverContext real)
    {
        foreach ((int index, ModelHandle handle) in context.Handles)
        {
            if (!handle.IsVirtual)
            {
                continue;
            }

            int count = (int)real.Table[index].LxtCnt;
            ReadOnlySpan<ulong> entries =
                real.Translations(index) is { } table ? table.Entries[..count] : [];
            Assert.Equal(handle.Chunks.Count, count);
            for (int i = 0; i < count; i++)
            {
                int chunk = (int)new SislLxtEntry(entries[i]).AllocationUnit;
                ChunkAllocator chunks = real.OwnerOf(index)!.Parent.Chunks!;
                Assert.Equal(handle.Chunks[i], chunk);
                Assert.Equal(handle.Lun.IsShared(chunk), chunks.IsShared(chunk));
            }
        }
    }
}
