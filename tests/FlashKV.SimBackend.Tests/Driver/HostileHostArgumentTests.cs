using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// Random bytes as arguments of the host ioctls: never a crash, always an error number of SP §2.8.
/// </summary>
public sealed class HostileHostArgumentTests
{
    private const int Seed = 20_261_127;
    private const int Calls = 3000;

    [Theory]
    [InlineData(IoctlRequest.LunProvision)]
    [InlineData(IoctlRequest.AfuDebug)]
    public void Random_bytes_get_an_answer_and_stay_unchanged_on_an_error(uint request)
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        TestClient client = fixture.Client();
        int host = Open(client);
        Random random = new(Seed);
        HashSet<Errno> met = [];
        for (int i = 0; i < Calls; i++)
        {
            byte[] argument = new byte[IoctlRequest.SizeOf(request)];
            Fill(random, argument, fixture.Data.Address);
            byte[] before = [.. argument];
            Errno errno = client.Transport.Ioctl(host, request, argument);
            met.Add(errno);
            Assert.True(IsSpecified(request, errno), $"seed {Seed}, call {i}: {errno}");
            Assert.True(
                errno == Errno.None || before.AsSpan().SequenceEqual(argument),
                $"seed {Seed}, call {i}: changed on {errno}");
        }

        // The bytes were not so wild that the first check refused them all.
        Assert.Contains(Errno.None, met);
        Assert.Contains(
            request == IoctlRequest.AfuDebug ? Errno.BadAddress : Errno.InputOutput, met);
        client.Process.Exit();
        Assert.Equal(0, fixture.Adapter.Driver.DescriptorCount);
    }

    [Fact]
    public void Any_history_of_provisioning_agrees_with_a_count_by_port()
    {
        Gen<int[]> histories = Gen.Choose(0, int.MaxValue).ArrayOf(60);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(60),
            Prop.ForAll(Arb.From(histories), steps => RunHistory(steps)));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(8ul)]
    [InlineData(0x0000_7FFF_FFFF_F000ul)]
    [InlineData(0x0000_1234_5678_9000ul)]
    [InlineData(0xFFFF_8000_0000_0000ul)]
    [InlineData(ulong.MaxValue - 3)]
    public void Debug_data_at_a_wild_address_are_a_bad_address(ulong address)
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        TestClient client = fixture.Client();
        int host = Open(client);
        foreach (ulong flags in new[] { HtCxlflashHdr.HostRead, HtCxlflashHdr.HostWrite })
        {
            HtCxlflashAfuDebug argument = default;
            argument.Hdr.Flags = flags;
            argument.DataEa = address;
            argument.DataLen = 16;
            Assert.Equal(
                Errno.BadAddress,
                client.Transport.Ioctl(
                    host, IoctlRequest.AfuDebug, AbiBytes.Of(ref argument)));
        }
    }

    private static void RunHistory(int[] steps)
    {
        const int Ports = 2;
        const ulong MostBlocks = 1 << 20;
        const int MostLuns = 16;
        using SimulatedAdapterFixture fixture = new(chunks: 1, ports: Ports);
        TestClient client = fixture.Client();
        int host = Open(client);
        Dictionary<ulong, (int Port, ulong Blocks)> model = [];
        foreach (int step in steps)
        {
            Random random = new(step);
            HtCxlflashLunProvision argument = default;
            argument.Hdr.Subcmd = (ushort)random.Next(0, 5);
            argument.Port = (ushort)random.Next(0, Ports + 1);
            argument.Size = (ulong)random.Next(0, 3) * (ulong)random.Next(1, 1 << 18);
            argument.LunId = model.Count > 0 && random.Next(4) > 0
                ? model.Keys.ElementAt(random.Next(model.Count))
                : (ulong)random.NextInt64();
            bool isKnown = model.TryGetValue(argument.LunId, out var known)
                && known.Port == argument.Port;
            ulong asked = argument.LunId;
            (int Port, ulong Blocks)[] there =
                [.. model.Values.Where(lun => lun.Port == argument.Port)];
            ulong used = there.Aggregate(0ul, (sum, lun) => sum + lun.Blocks);
            Errno expected = argument.Port >= Ports ? Errno.InvalidArgument
                : argument.Hdr.Subcmd switch
                {
                    HtCxlflashLunProvision.SubcmdCreateLun =>
                        argument.Size > 0 && used + argument.Size <= MostBlocks
                            && there.Length < MostLuns ? Errno.None : Errno.InputOutput,
                    HtCxlflashLunProvision.SubcmdDeleteLun =>
                        isKnown ? Errno.None : Errno.InputOutput,
                    HtCxlflashLunProvision.SubcmdQueryPort => Errno.None,
                    _ => Errno.InvalidArgument,
                };
            Assert.Equal(
                expected,
                client.Transport.Ioctl(
                    host, IoctlRequest.LunProvision, AbiBytes.Of(ref argument)));
            if (expected != Errno.None)
            {
                continue;
            }

            switch (argument.Hdr.Subcmd)
            {
                case HtCxlflashLunProvision.SubcmdCreateLun:
                    model.Add(argument.LunId, (argument.Port, argument.Size));
                    break;
                case HtCxlflashLunProvision.SubcmdDeleteLun:
                    model.Remove(asked);
                    break;
                default:
                    Assert.Equal(
                        ((ulong)there.Length, used), (argument.CurNumLuns, argument.CurCapPort));
                    break;
            }
        }
    }

    private static int Open(TestClient client)
    {
        Assert.Equal(
            Errno.None,
            client.Transport.Open("/dev/cxlflash/cxlflash0", DeviceAccess.ReadWrite, out int host));
        return host;
    }

    private static bool IsSpecified(uint request, Errno errno) => errno switch
    {
        Errno.None or Errno.InvalidArgument => true,
        Errno.InputOutput => request == IoctlRequest.LunProvision,
        Errno.BadAddress => request == IoctlRequest.AfuDebug,
        _ => false,
    };

    // Most have a header that is let in; addresses are our own, none, or nobody's.
    private static void Fill(Random random, byte[] argument, nint own)
    {
        random.NextBytes(argument);
        if (random.Next(8) == 0)
        {
            return;
        }

        argument.AsSpan(0, 8).Clear();
        argument.AsSpan(16, 8).Clear();
        BitConverter.TryWriteBytes(argument.AsSpan(2), (ushort)random.Next(5));
        BitConverter.TryWriteBytes(argument.AsSpan(8), (ulong)random.Next(4));
        BitConverter.TryWriteBytes(argument.AsSpan(24), (ushort)random.Next(4));
        BitConverter.TryWriteBytes(argument.AsSpan(32), random.NextInt64() >> random.Next(64));
        ulong address = random.Next(4) switch
        {
            0 => (ulong)own,
            1 => (ulong)random.Next(65_536),
            2 => (ulong)random.NextInt64() | (1ul << 62),
            _ => 0x1234_5678_9000ul,
        };
        BitConverter.TryWriteBytes(argument.AsSpan(40), address);
        uint length = random.Next(3) == 0 ? (uint)random.Next() : (uint)random.Next(4096);
        BitConverter.TryWriteBytes(argument.AsSpan(48), length);
    }
}
