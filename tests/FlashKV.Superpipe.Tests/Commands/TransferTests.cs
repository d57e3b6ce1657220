using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

public class TransferTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_block_comes_back_as_written(bool usesRing) => Threads.RunOne(() =>
    {
        using Rig rig = new(new ScriptedAdapter { UsesRing = usesRing });
        using BlockBuffer buffer = new(2);
        buffer.Stamp(0, 0xABCD);

        rig.Lun.Transfer(Rig.Write(77, buffer));
        rig.Lun.Transfer(Rig.Read(77, buffer, 1));

        Assert.True(buffer.IsStamped(1, 0xABCD));
        Assert.Equal(usesRing, rig.Context.UsesSubmissionQueue);
        Assert.Equal(2, rig.Statistics.Commands);
        rig.AssertSound();
    });

    [Theory]
    [InlineData(false, 1, false, 0)]
    [InlineData(false, 3, false, 1)]
    [InlineData(false, 16, true, 3)]
    [InlineData(false, 500, true, 0)]
    [InlineData(true, 16, false, 0)]
    [InlineData(true, 16, true, 3)]
    public void A_batch_larger_than_the_rooms_flows_through(
        bool usesRing, int rooms, bool reorders, int answersPerWait) => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new()
        {
            UsesRing = usesRing,
            Rooms = rooms,
            Reorders = reorders,
            AnswersPerWait = answersPerWait,
        };
        using Rig rig = new(adapter, new AttachOptions { CommandBlocks = 16 });
        RoundTrip(rig, blocks: 700, firstLba: 1000);
        rig.AssertSound();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_response_ring_wraps_many_times(bool usesRing) => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing, Rooms = 5, AnswersPerWait = 7 };
        using Rig rig = new(adapter, new AttachOptions { CommandBlocks = 1 });
        Assert.Equal(8, rig.Context.CommandBlocks);
        for (int i = 0; i < 40; i++)
            RoundTrip(rig, blocks: 13 + i, firstLba: i * 100);
        Assert.True(rig.Statistics.Commands > 16 * 100);
        rig.AssertSound();
    });

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    [InlineData(true, 4)]
    public void Threads_share_a_context(bool usesRing, int seed)
    {
        ScriptedAdapter adapter = new()
        {
            UsesRing = usesRing,
            Rooms = 9,
            Reorders = true,
            AnswersPerWait = 5,
            Seed = seed,
        };
        using Rig rig = new(adapter, new AttachOptions { CommandBlocks = 32 });
        Threads.Run(4, number =>
        {
            Random random = new((seed * 100) + number);
            for (int i = 0; i < 60; i++)
                RoundTrip(rig, random.Next(1, 50), (number * 10_000) + random.Next(1000));
        });
        rig.AssertSound();
    }

    [Fact]
    public void A_virtual_lun_takes_one_block_a_command() => Threads.RunOne(() =>
    {
        List<ScriptedCommand> commands = [];
        ScriptedAdapter adapter = Recording(new ScriptedAdapter(), commands);
        using Rig rig = new(adapter);
        using BlockBuffer buffer = new(3);

        rig.Lun.Transfer(Rig.Write(10, buffer, 0, 3));

        Assert.Equal([10UL, 11, 12], commands.Select(command => command.Lba));
        Assert.All(commands, command => Assert.Equal((1u, 4096u),
            (command.Count, command.DataLength)));
        Assert.Equal(
            [buffer.AddressOf(0), buffer.AddressOf(1), buffer.AddressOf(2)],
            commands.Select(command => command.Data));
    });

    [Fact]
    public void A_lun_of_512_byte_blocks_is_addressed_in_its_own() => Threads.RunOne(() =>
    {
        List<ScriptedCommand> commands = [];
        ScriptedAdapter adapter = Recording(new ScriptedAdapter { BlockSize = 512 }, commands);
        using Rig rig = new(adapter);
        RoundTrip(rig, blocks: 2, firstLba: 5);

        Assert.Equal(
            [40UL, 40, 48, 48],
            commands.Select(command => command.Lba).Order().AsEnumerable());
        Assert.All(commands, command => Assert.Equal((8u, 4096u),
            (command.Count, command.DataLength)));
        Assert.Equal((16 * 65536) - 1, rig.Context.LastLba);
    });

    [Fact]
    public void A_physical_lun_takes_long_commands() => Threads.RunOne(() =>
    {
        List<ScriptedCommand> commands = [];
        ScriptedAdapter adapter = Recording(new ScriptedAdapter { BlockSize = 512 }, commands);
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using PhysicalLun lun = context.OpenPhysicalLun();
        using BlockBuffer buffer = new(5000);
        for (int i = 0; i < 5000; i++)
            buffer.Stamp(i, (ulong)i << 20);

        Assert.Equal(4096, lun.MaxTransferBlocks);
        lun.Transfer(Rig.Write(3, buffer, 0, 5000));
        buffer.Bytes.Clear();
        lun.Transfer(Rig.Read(3, buffer, 0, 5000));

        Assert.Equal(
            [(24UL, 32768u), (32792UL, 7232u), (24UL, 32768u), (32792UL, 7232u)],
            commands.Select(command => (command.Lba, command.Count)));
        for (int i = 0; i < 5000; i++)
            Assert.True(buffer.IsStamped(i, (ulong)i << 20));
    });

    [Theory]
    [InlineData(true, 0x08)]
    [InlineData(false, 0x00)]
    public void Force_unit_access_is_a_bit_of_the_write(bool forced, byte expected) =>
        Threads.RunOne(() =>
        {
            List<ScriptedCommand> commands = [];
            ScriptedAdapter adapter = Recording(new ScriptedAdapter(), commands);
            using Rig rig = new(adapter);
            using BlockBuffer buffer = new(1);

            rig.Lun.Transfer(Rig.Write(0, buffer, forced: forced));

            Assert.Equal([expected], commands.Select(command => command.CdbFlags));
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Unmapped_blocks_read_as_zeros(bool canUnmap) => Threads.RunOne(() =>
    {
        using Rig rig = new(new ScriptedAdapter { CanUnmap = canUnmap });
        using BlockBuffer buffer = new(3);
        buffer.Stamp(0, 1);
        buffer.Stamp(1, 2);
        buffer.Stamp(2, 3);
        rig.Lun.Transfer(Rig.Write(4, buffer, 0, 3));

        rig.Lun.Transfer(new BlockTransfer(BlockOperation.Unmap, 4, 2, 0));
        rig.Lun.Transfer(Rig.Read(4, buffer, 0, 3));

        Assert.Equal(canUnmap, rig.Context.CanUnmap);
        Assert.False(buffer.Bytes[..8192].ContainsAnyExcept((byte)0));
        Assert.True(buffer.IsStamped(2, 3));
        Assert.Equal(!canUnmap, rig.Adapter.OnlyContext.Luns[0].Holds(4));
    });

    [Fact]
    public void Try_transfer_refuses_what_can_never_fit() => Threads.RunOne(() =>
    {
        using Rig rig = new(new ScriptedAdapter(), new AttachOptions { CommandBlocks = 16 });
        using BlockBuffer buffer = new(17);

        Assert.False(rig.Lun.TryTransfer([Rig.Write(0, buffer, 0, 17)]));
        Assert.Equal(0, rig.Statistics.Commands);
        Assert.True(rig.Lun.TryTransfer([Rig.Write(0, buffer, 0, 16)]));
        Assert.Equal(16, rig.Statistics.Commands);
        Assert.True(rig.Lun.TryTransfer([]));
        rig.AssertSound();
    });

    [Fact]
    public void Try_transfer_refuses_while_others_hold_the_blocks() => Threads.RunOne(() =>
    {
        bool? inner = null;
        Rig? rig = null;
        using BlockBuffer buffer = new(16);
        ScriptedAdapter adapter = new();
        adapter.Script = command =>
        {
            inner ??= rig!.Lun.TryTransfer([Rig.Read(100, buffer)]);
            return ScriptedAnswer.Good;
        };
        using (rig = new Rig(adapter, new AttachOptions { CommandBlocks = 16 }))
        {
            rig.Lun.Transfer(Rig.Write(0, buffer, 0, 16));
            Assert.False(inner);
            rig.AssertSound();
        }
    });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, -1)]
    [InlineData(-1, 1)]
    [InlineData(65536, 1)]
    [InlineData(65535, 2)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(0, int.MaxValue)]
    public void Blocks_beyond_the_lun_are_refused(long lba, int count)
    {
        using Rig rig = new(new ScriptedAdapter());
        using BlockBuffer buffer = new(1);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            rig.Lun.Transfer(new BlockTransfer(BlockOperation.Read, lba, count, buffer.Address)));
        Assert.Equal(0, rig.Statistics.Commands);
    }

    [Fact]
    public void Bad_buffers_and_operations_are_refused()
    {
        using Rig rig = new(new ScriptedAdapter());
        using BlockBuffer buffer = new(1);
        Assert.Throws<ArgumentException>(() =>
            rig.Lun.Transfer(new BlockTransfer(BlockOperation.Read, 0, 1, 0)));
        Assert.Throws<ArgumentException>(() =>
            rig.Lun.Transfer(new BlockTransfer(BlockOperation.Read, 0, 1, buffer.Address + 8)));
        Assert.Throws<ArgumentException>(() =>
            rig.Lun.Transfer(new BlockTransfer((BlockOperation)3, 0, 1, buffer.Address)));
    }

    [Theory]
    [InlineData(DeviceAccess.Read, BlockOperation.Write)]
    [InlineData(DeviceAccess.Read, BlockOperation.Unmap)]
    [InlineData(DeviceAccess.Write, BlockOperation.Read)]
    public void Access_that_the_context_does_not_have_is_refused(
        DeviceAccess access, BlockOperation operation)
    {
        ScriptedAdapter adapter = new();
        using Rig rig = new(adapter, new AttachOptions { Access = access });
        using BlockBuffer buffer = new(1);
        Assert.Equal((ulong)access, adapter.AttachFlags[0]);
        Assert.Throws<InvalidOperationException>(() =>
            rig.Lun.Transfer(new BlockTransfer(operation, 0, 1, buffer.Address)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_transfer_allocates_nothing(bool usesRing) => Threads.RunOne(() =>
    {
        using Rig rig = new(new ScriptedAdapter { UsesRing = usesRing });
        using BlockBuffer buffer = new(32);
        rig.Lun.Transfer(Rig.Write(0, buffer, 0, 32));
        Span<BlockTransfer> batch = [Rig.Read(0, buffer, 0, 16), Rig.Read(40, buffer, 16, 8)];
        long measured = long.MaxValue;

        // A first round compiles, and gives the lists of the scripted adapter their capacity.
        for (int round = 0; round < 50; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            rig.Lun.Transfer(batch);
            rig.Lun.Transfer(in batch[0]);
            measured = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, measured);
    });

    internal static void RoundTrip(Rig rig, int blocks, long firstLba)
    {
        using BlockBuffer buffer = new(blocks);
        for (int i = 0; i < blocks; i++)
            buffer.Stamp(i, Stamp(firstLba + i));

        // In two transfers where that can be, so that batches have an inner edge.
        int half = blocks / 2;
        if (half == 0)
            rig.Lun.Transfer(Rig.Write(firstLba, buffer, 0, blocks));
        else
            rig.Lun.Transfer(
            [
                Rig.Write(firstLba + half, buffer, half, blocks - half),
                Rig.Write(firstLba, buffer, 0, half),
            ]);

        buffer.Bytes.Fill(0xEE);
        rig.Lun.Transfer(Rig.Read(firstLba, buffer, 0, blocks));
        for (int i = 0; i < blocks; i++)
            Assert.True(buffer.IsStamped(i, Stamp(firstLba + i)), $"block {firstLba + i}");
    }

    private static ulong Stamp(long lba) => ((ulong)lba << 16) | 0x5A;

    private static ScriptedAdapter Recording(
        ScriptedAdapter adapter, List<ScriptedCommand> commands)
    {
        adapter.Script = command =>
        {
            commands.Add(command);
            return ScriptedAnswer.Good;
        };
        return adapter;
    }
}
