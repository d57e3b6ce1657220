using System.Runtime.InteropServices;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>
/// A parent and a child in a process of its own that clones its virtual LUNs (SP §3.9, §5.9),
/// both with the shipped client.
/// </summary>
public sealed class ClonedContextTests
{
    private const int Chunks = 8;
    private const int ChunkBlocks = ServedHostFixture.ChunkBlocks;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage)]
    public void A_child_reads_and_writes_the_blocks_of_its_parent(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        using ServedHostFixture served = new(mode, access, chunks: Chunks);
        using (Parent parent = new(served))
        {
            VirtualLun first = parent.Open(1);
            VirtualLun dropped = parent.Open(1);
            VirtualLun second = parent.Open(2 * ChunkBlocks);
            dropped.Dispose();
            parent.Write(first, 5, 11);
            parent.Write(second, ChunkBlocks + 1, 22);
            Assert.Equal(Chunks - 3, FreeChunks(served));

            using ClientProcessHandle child = parent.StartChild(
                DeviceAccess.ReadWrite, parent.Context.GetCloneSource(second, first));
            Assert.Equal($"cloned {2 * ChunkBlocks} {ChunkBlocks}", child.ReadLine());
            Assert.Equal((2, 4), (served.Driver.ContextCount, served.Driver.HandleCount));

            // Shared, not copied: no chunk was taken, and writes are seen both ways.
            Assert.Equal(Chunks - 3, FreeChunks(served));
            Assert.Equal("22", child.Ask($"read 0 {ChunkBlocks + 1}"));
            Assert.Equal("11", child.Ask("read 1 5"));
            Assert.Equal("33", child.Ask("write 1 5 33"));
            Assert.Equal(33, parent.Read(first, 5));
            parent.Write(second, 0, 44);
            Assert.Equal("44", child.Ask("read 0 0"));

            // Sizes and further LUNs are each one's own.
            Assert.Equal($"{ChunkBlocks}", child.Ask("resize 0 1"));
            Assert.Equal(22, parent.Read(second, ChunkBlocks + 1));
            Assert.Equal($"{ChunkBlocks}", child.Ask("open 1"));
            Assert.Equal(Chunks - 4, FreeChunks(served));
            second.Resize(ChunkBlocks);
            Assert.Equal(Chunks - 3, FreeChunks(served));
            child.End();
            ServedHostFixture.WaitUntil(() => served.Driver.ContextCount == 1, "the child's end");
            Assert.Equal(Chunks - 2, FreeChunks(served));
            Assert.Equal(33, parent.Read(first, 5));
        }

        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void A_child_may_not_write_what_it_or_its_parent_may_only_read()
    {
        using ServedHostFixture served = new(chunks: Chunks);
        using Parent writer = new(served);
        VirtualLun written = writer.Open(1);
        writer.Write(written, 5, 11);
        using (ClientProcessHandle child = writer.StartChild(
            DeviceAccess.Read, writer.Context.GetCloneSource(written)))
        {
            Assert.Equal($"cloned {ChunkBlocks}", child.ReadLine());
            Assert.Equal("11", child.Ask("read 0 5"));
            Assert.Equal("not attached for it", child.Ask("write 0 5 33"));
            child.End();
        }

        // A child that may write by itself, of a parent that may not: the AFU says it, 05.
        using Parent reader = new(served, DeviceAccess.Read);
        VirtualLun read = reader.Open(1);
        using (ClientProcessHandle child = reader.StartChild(
            DeviceAccess.ReadWrite, reader.Context.GetCloneSource(read)))
        {
            Assert.Equal($"cloned {ChunkBlocks}", child.ReadLine());
            Assert.Equal("0", child.Ask("read 0 5"));
            Assert.Equal(
                $"errno {(int)Errno.InputOutput} status {(int)SislAfuRc.RhtRwPerm << 8:x8}",
                child.Ask("write 0 5 33"));
            child.End();
        }

        Assert.Equal(11, writer.Read(written, 5));
    }

    [Fact]
    public void A_child_goes_on_when_its_parent_has_given_the_luns_up()
    {
        using ServedHostFixture served = new(chunks: Chunks);
        Parent parent = new(served);
        VirtualLun lun = parent.Open(2 * ChunkBlocks);
        parent.Write(lun, 5, 11);
        using ClientProcessHandle child = parent.StartChild(
            DeviceAccess.ReadWrite, parent.Context.GetCloneSource(lun));
        Assert.Equal($"cloned {2 * ChunkBlocks}", child.ReadLine());
        parent.Dispose();
        Assert.Equal((1, Chunks - 2), (served.Driver.ContextCount, FreeChunks(served)));
        Assert.Equal("11", child.Ask("read 0 5"));
        Assert.Equal("33", child.Ask("write 0 5 33"));
        child.End();
        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void A_child_goes_on_when_its_parent_was_killed()
    {
        using ServedHostFixture served = new(chunks: Chunks);
        using ClientProcessHandle parent = new("parent", served.SocketPath);
        Assert.Equal($"cloned {2 * ChunkBlocks}", parent.ReadLine());
        Assert.Equal(2, served.Driver.ContextCount);
        parent.Kill();
        ServedHostFixture.WaitUntil(() => served.Driver.ContextCount == 1, "the killed parent");
        Assert.Equal(Chunks - 2, FreeChunks(served));

        // The child has inherited what the parent was told by.
        Assert.Equal("77", parent.Ask("read 0 5"));
        Assert.Equal($"{3 * ChunkBlocks}", parent.Ask($"resize 0 {3 * ChunkBlocks}"));
        parent.CloseInput();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void Children_killed_at_any_moment_leave_their_parent_all_it_had()
    {
        const int Seed = 20_261_128;
        const int Victims = 6;
        Random random = new(Seed);
        using ServedHostFixture served = new(chunks: Chunks);
        using (Parent parent = new(served))
        {
            VirtualLun lun = parent.Open(2 * ChunkBlocks);
            parent.Write(lun, 5, 11);
            parent.Write(lun, ChunkBlocks + 5, 22);
            for (int i = 0; i < Victims; i++)
            {
                using ClientProcessHandle child = parent.StartChild(
                    DeviceAccess.ReadWrite, parent.Context.GetCloneSource(lun));
                if (i % 3 != 0)
                {
                    Assert.Equal($"cloned {2 * ChunkBlocks}", child.ReadLine());
                    Assert.Equal("hammering", child.Ask("hammer 0"));
                }

                Thread.SpinWait(random.Next(1 << 20));
                child.Kill();
                ServedHostFixture.WaitUntil(
                    () => served.Server.ConnectionCount == 1 + parent.Connections
                        && served.Driver.ContextCount == 1,
                    $"seed {Seed}, victim {i}");
                Assert.Equal(Chunks - 2, FreeChunks(served));
                Assert.Equal((11, 22), (parent.Read(lun, 5), parent.Read(lun, ChunkBlocks + 5)));
            }
        }

        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void A_source_holds_for_a_child_until_the_parent_has_recovered()
    {
        using ServedHostFixture served = new(chunks: Chunks);
        using Parent parent = new(served);
        VirtualLun lun = parent.Open(1);
        parent.Write(lun, 5, 11);
        CloneSource before = parent.Context.GetCloneSource(lun);

        // A context that the parent still has, at another place of the AFU after the reset.
        using SuperpipeContext other = parent.Device.Attach();
        served.Adapter.Reset();
        other.OpenVirtualLun(1).Dispose();
        Assert.Equal(11, parent.Read(lun, 5));
        CloneSource after = parent.Context.GetCloneSource(lun);
        Assert.NotEqual(before.ToString(), after.ToString());

        using ClientProcessHandle child = parent.StartChild(DeviceAccess.ReadWrite, before);
        string refused = $"errno {(int)Errno.InvalidArgument} status 00000000";
        Assert.Equal(refused, child.ReadLine());
        Assert.Equal("cloned 1", child.Ask($"clone {after}"));

        // A context clones once, and nobody else's.
        Assert.Equal(refused, child.Ask($"clone {after}"));
        child.End();
        using ClientProcessHandle stranger = new("parent", served.SocketPath);
        Assert.Equal($"cloned {2 * ChunkBlocks}", stranger.ReadLine());
        Assert.Equal(refused, stranger.Ask($"clone {after}"));
        stranger.CloseInput();
    }

    private static int FreeChunks(ServedHostFixture served) =>
        served.Driver.ChunksOf(0)!.FreeCount;

    /// <summary>A context of this process, in which the server runs as well.</summary>
    private sealed unsafe class Parent : IDisposable
    {
        private readonly ServedHostFixture _served;
        private readonly SharedAdapterTransport _transport;

        internal Parent(
            ServedHostFixture served, DeviceAccess access = DeviceAccess.ReadWrite)
        {
            _served = served;
            _transport = served.Transport();
            Device = SuperpipeDevice.Open(_transport, "/dev/sg0");
            Context = Device.Attach(new AttachOptions { Access = access });
            Connections = served.Server.ConnectionCount - 1;
        }

        internal SuperpipeDevice Device { get; }

        internal SuperpipeContext Context { get; }

        /// <summary>The connections that it has beside its first.</summary>
        internal int Connections { get; }

        internal VirtualLun Open(long blocks) => Context.OpenVirtualLun(blocks);

        internal ClientProcessHandle StartChild(DeviceAccess access, CloneSource source) => new(
            "clone", _served.SocketPath, $"{_served.Access}", $"{access}", source.ToString());

        internal void Write(VirtualLun lun, long lba, byte value)
        {
            byte* data = (byte*)NativeMemory.AlignedAlloc(Lun.BlockSize, Lun.BlockSize);
            new Span<byte>(data, Lun.BlockSize).Fill(value);
            lun.Transfer(new BlockTransfer(BlockOperation.Write, lba, 1, (nint)data));
            NativeMemory.AlignedFree(data);
        }

        internal int Read(VirtualLun lun, long lba)
        {
            byte* data = (byte*)NativeMemory.AlignedAlloc(Lun.BlockSize, Lun.BlockSize);
            lun.Transfer(new BlockTransfer(BlockOperation.Read, lba, 1, (nint)data));
            int value = data[Lun.BlockSize - 1];
            NativeMemory.AlignedFree(data);
            return value;
        }

        public void Dispose()
        {
            Context.Dispose();
            Device.Dispose();
        }
    }
}
