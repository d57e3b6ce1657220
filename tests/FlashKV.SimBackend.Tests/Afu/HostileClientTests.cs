using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Clients that put anything into registers, queues and commands: never a crash, never a hang, and
/// never a change outside their own virtual LUN.
/// </summary>
public sealed class HostileClientTests
{
    private const int ChunkBlocks = SimulatedAdapterFixture.ChunkBlocks;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 1)]
    [InlineData(SubmissionMode.SubmissionQueue, 2)]
    [InlineData(SubmissionMode.CommandRooms, 3)]
    [InlineData(SubmissionMode.SubmissionQueue, 4)]
    public void Random_commands_stay_inside_their_lun(SubmissionMode mode, int seed)
    {
        using SimulatedAdapterFixture fixture = new(
            mode, memory: new ClientMemory(Environment.ProcessId));
        TestClient neighbour = fixture.Attached(process: 200);
        uint theirs = neighbour.OpenVirtual(ChunkBlocks);
        TestClient client = fixture.Attached();
        uint own = client.OpenVirtual(ChunkBlocks);
        fixture.Data.Fill(seed);
        for (ulong lba = 0; lba < 16; lba++)
        {
            neighbour.ExecuteGood(
                ScsiOpcode.Write16, theirs, lba * 4096, 1, fixture.Data.Run((int)lba, 1).Address);
        }

        byte[] before = fixture.Data.Bytes[..(16 * 4096)].ToArray();
        Random random = new(seed);
        for (int i = 0; i < 3_000; i++)
        {
            client.Send(RandomCommand(client, own, random, fixture.Data));
            if (i % 8 == 7)
            {
                for (int k = 0; k < 8; k++)
                {
                    Assert.True(client.TryReceive(out _) != 0, $"seed {seed}, command {i}");
                }
            }
        }

        fixture.Data.Bytes.Clear();
        for (ulong lba = 0; lba < 16; lba++)
        {
            neighbour.ExecuteGood(
                ScsiOpcode.Read16, theirs, lba * 4096, 1, fixture.Data.Run((int)lba, 1).Address);
        }

        Assert.True(
            fixture.Data.Bytes[..(16 * 4096)].SequenceEqual(before), $"seed {seed}");
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 5)]
    [InlineData(SubmissionMode.SubmissionQueue, 6)]
    public void Random_register_writes_end_with_a_context_that_can_be_left(
        SubmissionMode mode, int seed)
    {
        using SimulatedAdapterFixture fixture = new(
            mode, memory: new ClientMemory(Environment.ProcessId));
        TestClient neighbour = fixture.Attached(process: 200);
        uint theirs = neighbour.OpenVirtual(1);
        TestClient client = fixture.Attached();
        Random random = new(seed);
        ulong[] addresses =
        [
            0, 1, 8, 0x1000, 0x1_0001, ulong.MaxValue, ulong.MaxValue - 63, 1UL << 62, 1UL << 47,
        ];
        for (int i = 0; i < 20_000; i++)
        {
            int offset = random.Next(-64, CxlflashLimits.MmioSize + 64);
            offset = random.Next(3) == 0 ? offset : random.Next(0x80 / 8) * 8;
            ulong value = addresses[random.Next(addresses.Length)];
            client.Window.Write(offset, value);
            client.Window.Read(offset);
            client.Window.Wait();
        }

        // A reset and new queues, and it works again.
        client.ResetContext();
        client.MapWindow();
        client.Window.Write(SislHostMap.EndianCtrl, 0);
        uint own = client.OpenVirtual(1);
        Assert.Equal(
            0u,
            client.Execute(ScsiOpcode.Read16, own, 0, 1, fixture.Data.Address).Ioasc);
        neighbour.ExecuteGood(ScsiOpcode.Read16, theirs, 0, 1, fixture.Data.Address);
    }

    private static SislIoarcb RandomCommand(
        TestClient client, uint own, Random random, AlignedMemory data)
    {
        SislIoarcb command = default;
        random.NextBytes(AbiBytes.Of(ref command));

        // Wild addresses may be somebody's: data go to the test's own buffer or nowhere.
        ulong buffer = (ulong)data.Run(32, 1).Address;
        command.DataEa = random.Next(4) == 0 ? (ulong)random.Next(0x1_0000) : buffer;
        command.DataLen %= 32 * 4096;
        command.Msi = 0;
        if (random.Next(8) != 0)
        {
            command.CtxId = client.Handle;
            command.ReqFlags = SislReqFlags.ResHndl | (SislReqFlags)random.Next(2);
            command.ResHndl = random.Next(4) == 0 ? (uint)random.Next(300) : own;
            byte[] opcodes = [ScsiOpcode.Read16, ScsiOpcode.Write16, ScsiOpcode.WriteSame16];
            ScsiCdb.WriteRead16(
                command.Cdb,
                random.Next(3) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(70_000),
                random.Next(3) == 0 ? (uint)random.Next() : (uint)random.Next(3));
            command.Cdb[0] = opcodes[random.Next(3)];
            command.Cdb[1] = (byte)random.Next(256);
        }

        return command;
    }
}
