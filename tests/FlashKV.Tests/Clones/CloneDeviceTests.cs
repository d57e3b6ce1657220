using System.Text;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Tests.Clones;

/// <summary>
/// Clones of a store on a device of its process's choice: an adapter that is served to both
/// processes, whose driver sees one as the other's child, as a real one does.
/// </summary>
public sealed class CloneDeviceTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-clones-").FullName;

    private readonly MemoryMedium _medium = new(6 * 65_536);
    private readonly SimulatedHost _host;
    private readonly AdapterServer _server;
    private readonly SharedAdapterTransport _transport;
    private readonly SuperpipeDevice _device;
    private readonly FlashStore _store;

    public CloneDeviceTests()
    {
        _host = new SimulatedHost(new SimulatedHostOptions
        {
            Adapters = [new SimulatedAdapterOptions { Luns = [new(_medium)] }],
        });
        _server = AdapterServer.Start(_host, Path.Combine(_directory, "socket"));
        _transport = SharedAdapterTransport.Connect(_server.SocketPath);
        _device = SuperpipeDevice.Open(_transport, "/dev/sg0");
        _store = FlashStore.Open(_device, Path.Combine(_directory, "store"), new FlashStoreOptions
        {
            Shards = 2,
            Capacity = 6L << 28,
            Durability = Durability.Buffered,
        });
    }

    public void Dispose()
    {
        _store.Dispose();
        _device.Dispose();
        _transport.Dispose();
        _server.Dispose();
        _host.Dispose();
        _medium.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_child_that_opens_the_device_itself_reads_the_clone()
    {
        for (int i = 0; i < 200; i++)
        {
            _store.Put(Encoding.UTF8.GetBytes($"key{i}"), Encoding.UTF8.GetBytes($"{i}"));
        }

        int clonesBefore = _host.Adapters[0].Driver.ChunksOf(0)!.CloneCount;
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(
            _store, null, "device", _server.SocketPath);
        using (reader)
        {
            _store.Put("key7"u8, "later"u8);
            Assert.Equal("open", reader.ReadLine());
            Assert.Equal("7", reader.Ask("get key7"));
            Assert.Equal("200", reader.Ask("keys"));
            Assert.True(_host.Adapters[0].Driver.ChunksOf(0)!.CloneCount > clonesBefore);
            reader.End();
        }

        Assert.Equal(CloneEnd.ClosedByReader, await clone.Completion.WaitAsync(s_patience));
        Assert.True(SpinWait.SpinUntil(
            () => _host.Adapters[0].Driver.ChunksOf(0)!.CloneCount == clonesBefore, s_patience));
    }

    [Fact]
    public async Task A_child_without_the_device_is_told_that_it_needs_it()
    {
        (ReaderProcess reader, StoreClone clone) = await ReaderProcess.CloneAsync(_store);
        using (reader)
        using (clone)
        {
            Assert.Equal("refused NeedsDevice", reader.ReadLine());
            Assert.Equal(CloneEnd.ClosedByReader, await clone.Completion.WaitAsync(s_patience));
        }
    }
}
