using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Random commands against a small model of SP §4.10 and §4.11 that was written from the tables
/// alone: how each must end, whatever the AFU makes of it.
/// </summary>
public sealed class CommandModelTests
{
    private const int Commands = 120;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, false, 1)]
    [InlineData(SubmissionMode.SubmissionQueue, false, 2)]
    [InlineData(SubmissionMode.CommandRooms, true, 4)]
    [InlineData(SubmissionMode.SubmissionQueue, true, 2)]
    public void Commands_end_as_the_model_says(SubmissionMode mode, bool isCopied, int ports)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(25);
        Check.One(config, Prop.ForAll<int>(seed => RunCommands(mode, isCopied, ports, seed)));
    }

    private static void RunCommands(SubmissionMode mode, bool isCopied, int ports, int seed)
    {
        Random random = new(seed);
        DeviceAccess access = (DeviceAccess)random.Next(3);
        using SimulatedAdapterFixture fixture = new(
            mode,
            chunks: 4,
            ports: ports,
            memory: isCopied ? new ClientMemory(Environment.ProcessId) : default);
        TestClient client = fixture.Client().Attach(access);
        Model model = new()
        {
            Context = client.Handle,
            Permissions = ((int)access + 1) & 3,
            BlockCount = (ulong)fixture.Media[0].BlockCount,
        };
        bool isPhysical = random.Next(2) == 0;
        for (int i = 0; i < 3; i++)
        {
            ulong blocks = (ulong)random.Next(0, 2) * 65_536;
            uint handle = isPhysical ? client.OpenDirect() : client.OpenVirtual(blocks);
            model.Handles[handle] = isPhysical ? null : blocks;
        }

        for (int i = 0; i < Commands; i++)
        {
            if (random.Next(20) == 0)
            {
                model.SetPort(fixture.Adapter, random.Next(ports), random.Next(2) == 0, ports);
            }

            SislIoarcb command = MakeCommand(client, random, fixture.Data);
            string expected = model.Predict(in command);
            SislIoasa ioasa = client.Execute(command);
            string actual =
                $"{(byte)ioasa.AfuRc:X2} {(byte)ioasa.ScsiRc:X2} {(byte)ioasa.FcRc:X2}";
            Assert.True(expected == actual, $"seed {seed}, command {i}: {expected} {actual}");
        }
    }

    private static SislIoarcb MakeCommand(TestClient client, Random random, AlignedMemory data)
    {
        byte[] opcodes =
        [
            ScsiOpcode.Read16, ScsiOpcode.Read16, ScsiOpcode.Write16, ScsiOpcode.Write16,
            ScsiOpcode.WriteSame16, ScsiOpcode.Inquiry,
        ];
        ulong[] lbas =
        [
            0, 5, 65_535, 65_536, 131_071, (4 * 65_536) + 6, (4 * 65_536) + 7, ulong.MaxValue,
        ];
        uint[] lengths = [0, 2048, 4096, 8192, 4 * 4096];
        SislIoarcb command = client.Command(
            opcodes[random.Next(opcodes.Length)],
            (uint)(random.Next(12) == 0 ? random.Next(250, 260) : random.Next(5)),
            lbas[random.Next(lbas.Length)],
            (uint)random.Next(0, 4),
            data.Address);
        command.DataLen = random.Next(2) == 0 ? command.DataLen : lengths[random.Next(5)];
        command.DataEa = random.Next(10) == 0 ? 0 : command.DataEa;
        command.CtxId += (ushort)(random.Next(20) == 0 ? 1 : 0);
        command.ReqFlags ^= random.Next(15) switch
        {
            0 => SislReqFlags.HostWrite,
            1 => SislReqFlags.AfuCmd,
            2 => SislReqFlags.ResHndl,
            3 => SislReqFlags.TmfCmd,
            _ => SislReqFlags.None,
        };
        command.ReqFlags |= random.Next(2) == 0 ? SislReqFlags.SupUnderrun : SislReqFlags.None;
        return command;
    }

    private sealed class Model
    {
        private const string Good = "00 00 00";
        private const string Check = "00 02 00";

        private int _downPorts;

        internal required ushort Context { get; init; }

        internal required int Permissions { get; init; }

        internal required ulong BlockCount { get; init; }

        /// <summary>The open handles: blocks of a virtual LUN, or null for a physical.</summary>
        internal Dictionary<uint, ulong?> Handles { get; } = [];

        internal void SetPort(SimulatedAdapter adapter, int port, bool isUp, int ports)
        {
            adapter.SetLink(port, isUp);
            _downPorts = isUp ? _downPorts & ~(1 << port) : _downPorts | (1 << port);
            AllPorts = (1 << ports) - 1;
        }

        private int AllPorts { get; set; }

        internal string Predict(in SislIoarcb command)
        {
            byte opcode = command.Cdb[0];
            bool isRead = opcode == ScsiOpcode.Read16;
            bool isKnown = isRead || opcode is ScsiOpcode.Write16 or ScsiOpcode.WriteSame16;
            const SislReqFlags Kinds =
                SislReqFlags.ResHndl | SislReqFlags.AfuCmd | SislReqFlags.TmfCmd;
            if (command.CtxId != Context || !isKnown
                || (command.ReqFlags & Kinds) != SislReqFlags.ResHndl)
            {
                return Afu(0x21);
            }

            if (command.ResHndl >= 256)
            {
                return Afu(0x03);
            }

            if (!Handles.TryGetValue(command.ResHndl, out ulong? blocks)
                || (Permissions & (isRead ? 1 : 2)) == 0)
            {
                return Afu(0x05);
            }

            return PredictOpen(in command, blocks, isRead);
        }

        private string PredictOpen(in SislIoarcb command, ulong? blocks, bool isRead)
        {
            ulong lba = ScsiCdb.Lba(command.Cdb);
            uint count = ScsiCdb.Count(command.Cdb);
            if (blocks is { } size && lba >= size)
            {
                return Afu(0x13);
            }

            // A physical LUN is reached by the port of the device that opened it: the first.
            int ports = blocks is null ? 1 : AllPorts;
            if (AllPorts != 0 && (ports & ~_downPorts) == 0)
            {
                return Afu(0x20);
            }

            if (blocks is not null && count > 1)
            {
                return Afu(0x13);
            }

            if (isRead == ((command.ReqFlags & SislReqFlags.HostWrite) != 0))
            {
                return "00 00 58";
            }

            return count > BlockCount || (blocks is null && lba > BlockCount - count) ? Check
                : PredictData(in command, count);
        }

        private static string PredictData(in SislIoarcb command, uint count)
        {
            bool isSame = command.Cdb[0] == ScsiOpcode.WriteSame16;
            uint bytes = isSame ? 4096 : count * 4096;
            if (!isSame && count == 0)
            {
                return Good;
            }

            if (command.DataLen < bytes)
            {
                return Check;
            }

            if (command.DataEa == 0 && !(isSame && count == 0))
            {
                return Afu(0x31);
            }

            bool isUnderrun = !isSame && command.DataLen > bytes
                && (command.ReqFlags & SislReqFlags.SupUnderrun) == 0;
            return isUnderrun ? "00 00 5A" : Good;
        }

        private static string Afu(byte code) => $"{code:X2} 00 00";
    }
}
