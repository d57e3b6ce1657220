using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Random batches over virtual and physical LUNs against arrays of bytes: whatever the AFU merges
/// and reorders, the outcome is that of one command after another.
/// </summary>
public sealed class BatchModelTests
{
    private const int BatchSize = 30;
    private const int Range = 24;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Batches_do_what_single_commands_would(SubmissionMode mode)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(60);
        Check.One(config, Prop.ForAll<int>(seed => RunBatches(mode, seed)));
    }

    [Fact]
    public void Batches_on_files_do_what_single_commands_would()
    {
        using TemporaryDirectory directory = new();
        Config config = Config.QuickThrowOnFailure.WithMaxTest(10);
        Check.One(config, Prop.ForAll<int>(seed =>
        {
            Medium[] files = [.. Enumerable.Range(0, 2).Select(_ => FileMedium.Open(
                directory.File(Path.GetRandomFileName()), 8 * 65_536))];
            bool result = RunBatches(SubmissionMode.CommandRooms, seed, files);
            Array.ForEach(files, file => file.Dispose());
            return result;
        }));
    }

    [Fact]
    public void Neighbouring_blocks_become_one_transfer_in_any_order()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Data.Fill(8);
        int[] order = [.. Enumerable.Range(0, BatchSize)];
        new Random(5).Shuffle(order);
        foreach (int block in order)
        {
            client.Send(client.Command(
                ScsiOpcode.Write16,
                handle,
                (ulong)(1000 + block),
                1,
                fixture.Data.Address + (((block * 7) % BatchSize) * 4096),
                ScsiCdb.ForceUnitAccess));
        }

        Receive(client, BatchSize);
        SimulatedAdapterStatistics statistics = fixture.Adapter.GetStatistics();
        Assert.Equal((BatchSize, 1), (statistics.Commands, statistics.MediumTransfers));
        Assert.Equal(BatchSize * 4096, statistics.BytesWritten);
        using AlignedMemory read = new(1);
        for (int block = 0; block < BatchSize; block++)
        {
            client.ExecuteGood(ScsiOpcode.Read16, handle, (ulong)(1000 + block), 1, read.Address);
            Assert.Equal(fixture.Data.Block(block * 7 % BatchSize), read.Bytes);
        }
    }

    [Fact]
    public void Writes_with_and_without_force_unit_access_are_not_merged()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        for (int block = 0; block < 4; block++)
        {
            byte flags = block == 2 ? ScsiCdb.ForceUnitAccess : (byte)0;
            client.Send(client.Command(
                ScsiOpcode.Write16, handle, (ulong)block, 1, fixture.Data.Address, flags));
        }

        Receive(client, 4);
        Assert.Equal(3, fixture.Adapter.GetStatistics().MediumTransfers);
    }

    [Fact]
    public void The_data_path_allocates_no_managed_memory()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        SislIoarcb[] commands = new SislIoarcb[BatchSize];
        for (int i = 0; i < BatchSize; i++)
        {
            byte opcode = i < 8 ? ScsiOpcode.Write16 : ScsiOpcode.Read16;
            ulong lba = (ulong)(i * 11 % BatchSize);
            commands[i] = client.Command(
                opcode, handle, lba, 1, fixture.Data.Address + (i * 4096));
        }

        // Compiling a method anew, the runtime may allocate on the thread that calls it. That passes;
        // what the path itself allocates, it allocates in every round.
        const int Rounds = 20;
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                RunBatch(client, commands);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static void RunBatch(TestClient client, SislIoarcb[] commands)
    {
        foreach (SislIoarcb command in commands)
        {
            client.Send(command);
        }

        foreach (SislIoarcb _ in commands)
        {
            if (client.TryReceive(out SislIoasa ioasa) == 0 || ioasa.Ioasc != 0)
            {
                throw new InvalidOperationException("a command failed");
            }
        }
    }

    private static bool RunBatches(SubmissionMode mode, int seed, Medium[]? media = null)
    {
        using SimulatedAdapterFixture fixture = new(mode, luns: 2, media: media);
        TestClient client = fixture.Attached();
        TestClient second = fixture.Client(path: "/dev/sg1");
        Assert.Equal(Errno.None, second.TryAttach(out _, reuse: client.ContextId));
        second.ContextId = client.ContextId;
        BatchModel model = new(client, new Random(seed), fixture.Data)
        {
            // The chunks of the two virtual LUNs alternate, and the first ends where the other's
            // second begins.
            Virtual = [client.OpenVirtual(1), client.OpenVirtual(1)],
            Physical = second.OpenDirect(),
        };
        Assert.Equal(Errno.None, client.Resize(model.Virtual[0], 3 * 65_536, out _));
        Assert.Equal(Errno.None, client.Resize(model.Virtual[1], 2 * 65_536, out _));
        for (int i = 0; i < 8; i++)
        {
            model.RunBatch();
        }

        return true;
    }

    private static void Receive(TestClient client, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
            Assert.Equal(0u, ioasa.Ioasc);
        }
    }

    /// <summary>Makes batches, and knows what they must leave behind.</summary>
    private sealed class BatchModel(TestClient client, Random random, AlignedMemory data)
    {
        private readonly Dictionary<(uint Handle, ulong Block), byte[]> _content = [];
        private readonly Dictionary<int, byte[]> _expected = [];

        internal required uint[] Virtual { get; init; }

        internal required uint Physical { get; init; }

        internal void RunBatch()
        {
            random.NextBytes(data.Bytes);
            _expected.Clear();
            int buffer = 0;
            int sent = 0;
            while (sent < BatchSize && buffer < 60)
            {
                buffer += SendOne(buffer);
                sent++;
            }

            Receive(client, sent);
            foreach ((int block, byte[] expected) in _expected)
            {
                Assert.Equal(expected, data.Block(block));
            }
        }

        private int SendOne(int buffer)
        {
            bool isPhysical = random.Next(4) == 0;
            uint handle = isPhysical ? Physical : Virtual[random.Next(2)];
            uint count = isPhysical ? (uint)random.Next(1, 5) : 1;

            // Around the border of two chunks.
            ulong lba = 65_536 - (Range / 2) + (ulong)random.Next(Range);
            int kind = random.Next(10);
            byte opcode = kind < 5 ? ScsiOpcode.Write16
                : kind < 9 ? ScsiOpcode.Read16 : ScsiOpcode.WriteSame16;
            nint address = data.Address + (buffer * 4096);
            bool isThrough = opcode == ScsiOpcode.Write16 && random.Next(2) == 0;
            SislIoarcb command = client.Command(
                opcode, handle, lba, count, address, isThrough ? (byte)8 : (byte)0);
            if (opcode == ScsiOpcode.WriteSame16 && random.Next(2) == 0)
            {
                data.Block(buffer).Clear();
                command.Cdb[1] = ScsiCdb.Unmap;
            }

            client.Send(command);
            for (uint i = 0; i < count; i++)
            {
                // WRITE SAME repeats its first block.
                int offset = opcode == ScsiOpcode.WriteSame16 ? 0 : (int)i;
                Expect(opcode, handle, lba + i, buffer + offset);
            }

            return (int)count;
        }

        private void Expect(byte opcode, uint handle, ulong lba, int buffer)
        {
            if (opcode == ScsiOpcode.Read16)
            {
                _expected[buffer] = _content.GetValueOrDefault((handle, lba)) ?? new byte[4096];
            }
            else
            {
                _content[(handle, lba)] = data.Block(buffer).ToArray();
            }
        }
    }
}
