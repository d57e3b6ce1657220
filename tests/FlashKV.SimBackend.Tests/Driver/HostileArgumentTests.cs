using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>Random bytes as arguments: never a crash, always an error number of SP §2.7.</summary>
public sealed class HostileArgumentTests
{
    private const int Seed = 20_261_126;
    private const int CallsOfRequest = 4000;

    // Of SP §2.7; a bad header is EINVAL for all.
    private static readonly Dictionary<uint, Errno[]> s_answers = new()
    {
        [IoctlRequest.Attach] = [Errno.NoDevice],
        [IoctlRequest.UserDirect] = [Errno.TooManyOpen],
        [IoctlRequest.Release] = [],
        [IoctlRequest.Detach] = [],
        [IoctlRequest.Verify] = [Errno.InputOutput],
        [IoctlRequest.RecoverAfu] = [],
        [IoctlRequest.ManageLun] = [Errno.Busy],
        [IoctlRequest.UserVirtual] = [Errno.NoSpace, Errno.TooManyOpen],
        [IoctlRequest.VlunResize] = [Errno.NoSpace],
        [IoctlRequest.VlunClone] = [],
    };

    public static TheoryData<uint> Requests => [.. s_answers.Keys];

    [Theory]
    [MemberData(nameof(Requests))]
    public void Random_bytes_get_an_answer_and_stay_unchanged_on_an_error(uint request)
    {
        using SimulatedAdapterFixture fixture = new(luns: 2);
        TestClient client = fixture.Attached();
        client.OpenVirtual(65_536);
        Random random = new(Seed);
        for (int i = 0; i < CallsOfRequest; i++)
        {
            byte[] argument = new byte[IoctlRequest.SizeOf(request)];
            Fill(random, argument, client.ContextId);
            byte[] before = [.. argument];
            Errno errno = client.Transport.Ioctl(client.Device, request, argument);
            Assert.True(
                errno is Errno.None or Errno.InvalidArgument
                    || s_answers[request].Contains(errno),
                $"seed {Seed}, call {i}: {errno}");
            Assert.True(
                errno == Errno.None || before.AsSpan().SequenceEqual(argument),
                $"seed {Seed}, call {i}: changed on {errno}");
        }

        client.Process.Exit();
        Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, fixture.Adapter.Driver.HandleCount);
        Assert.Equal(0, fixture.Adapter.Driver.DescriptorCount);
        Assert.Null(fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void Random_requests_and_lengths_get_an_answer()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        Random random = new(Seed);
        uint[] known =
            [.. s_answers.Keys, IoctlRequest.AfuDebug, IoctlRequest.LunProvision, 0x4040CA00u];
        for (int i = 0; i < CallsOfRequest; i++)
        {
            uint request = known[random.Next(known.Length)] ^ (1u << random.Next(32));
            byte[] argument = new byte[random.Next(200)];
            random.NextBytes(argument);
            int descriptor = random.Next(-2, 8);
            Errno errno = client.Transport.Ioctl(descriptor, request, argument);
            Assert.True(
                errno is Errno.InvalidArgument or Errno.BadDescriptor or Errno.BadAddress,
                $"seed {Seed}, call {i}: {request:X8} {errno}");
        }
    }

    [Fact]
    public void What_the_driver_keeps_for_a_context_is_gone_with_its_last_close()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        client.OpenVirtual(3 * 65_536);
        DriverContext context = fixture.Adapter.Driver.ContextOf(client.ContextId)!;
        Assert.NotNull(context.Translations(0));
        client.Process.Exit();
        Assert.Null(context.Translations(0));
        Assert.Equal(0ul, context.Table.Address);
        Assert.Throws<ObjectDisposedException>(() => context.Table[0].Nmask);
    }

    // Half of the arguments have a header that is let in, and fields that mean something.
    private static void Fill(Random random, byte[] argument, ulong contextId)
    {
        random.NextBytes(argument);
        if (random.Next(2) == 0)
        {
            return;
        }

        argument.AsSpan(0, 8).Clear();
        argument.AsSpan(16, 8).Clear();
        for (int offset = 24; offset + 8 <= argument.Length; offset += 8)
        {
            ulong? value = random.Next(6) switch
            {
                0 => contextId,
                1 => (ulong)random.Next(6),
                2 => ulong.MaxValue,
                3 => 65_536ul << random.Next(60),
                4 => 1ul << 63,
                _ => null,
            };
            if (value is { } number)
            {
                BitConverter.TryWriteBytes(argument.AsSpan(offset), number);
            }
        }
    }
}
