using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// Processes that do anything at once on media that are slow, while the adapter and its links are
/// reset and processes end in the middle: always an errno of SP §2.7, never a hang, and nothing is
/// left.
/// </summary>
public sealed class DriverStressTests
{
    private const int Seed = 20_261_129;
    private const int Processes = 4;
    private const int Steps = 250;
    private const ulong Chunk = 65_536;

    private static readonly Errno[] s_specified =
    [
        Errno.None, Errno.InvalidArgument, Errno.NoSpace, Errno.TooManyOpen, Errno.NoDevice,
        Errno.TryAgain, Errno.InputOutput,

        // USER_VIRTUAL on a LUN whose capacity nobody has read.
        Errno.OutOfMemory,
    ];

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Whatever_processes_do_at_once_nothing_is_left(SubmissionMode mode)
    {
        using YieldingMedium first = new((6 * (long)Chunk) + 7);
        using YieldingMedium second = new(6 * (long)Chunk);
        using SimulatedAdapterFixture fixture = new(mode, media: [first, second], rooms: 64);
        AdapterDriver driver = fixture.Adapter.Driver;
        int running = Processes;
        TestThread[] threads = [.. Enumerable.Range(0, Processes).Select(index => new TestThread(
            () =>
            {
                try
                {
                    RunProcess(fixture, index);
                }
                finally
                {
                    Interlocked.Decrement(ref running);
                }
            }))];
        Random random = new(Seed);
        while (Volatile.Read(ref running) > 0)
        {
            switch (random.Next(3))
            {
                case 0:
                    fixture.Adapter.Reset();
                    break;
                case 1:
                    fixture.Adapter.SignalPortEvent(random.Next(2), (PortEvent)random.Next(6));
                    break;
                default:
                    fixture.Adapter.SetCapacity(0, (5 + random.Next(2)) * (long)Chunk);
                    break;
            }

            for (int i = random.Next(2000); i > 0 && Volatile.Read(ref running) > 0; i--)
            {
                Thread.Yield();
            }
        }

        Array.ForEach(threads, thread => thread.Join());
        driver.WaitForWork();
        Assert.Equal((0, 0), (driver.ContextCount, driver.HandleCount));
        Assert.Equal(0, driver.DescriptorCount);
        Assert.Null(driver.ChunksOf(0));
        Assert.Null(driver.ChunksOf(1));
        Assert.Equal(0b11, fixture.Adapter.Afu.UsablePorts);

        // And all of it can be had again.
        TestClient after = fixture.Client(900).Attach();
        uint handle = after.OpenVirtual(0);
        Assert.Equal(Errno.None, after.Resize(handle, 5 * Chunk, out ulong lastLba));
        Assert.Equal((5 * Chunk) - 1, lastLba);
    }

    // Each process is born anew a few times; a child that clones goes with it now and then.
    private static void RunProcess(SimulatedAdapterFixture fixture, int index)
    {
        Random random = new(Seed + index);
        using AlignedMemory data = new(1);
        for (int life = 0; life < 3; life++)
        {
            int number = 1000 + (index * 100) + (life * 10);
            using TestClient client = new(
                fixture.Adapter, number, path: $"/dev/sg{random.Next(2)}");
            for (int step = 0; step < Steps / 3; step++)
            {
                Errno errno = Step(fixture, client, random, data);
                Assert.True(
                    s_specified.Contains(errno),
                    $"seed {Seed}, process {index}, life {life}, step {step}: {errno}");
            }

            client.Process.Exit();
        }
    }

    private static Errno Step(
        SimulatedAdapterFixture fixture, TestClient client, Random random, AlignedMemory data)
    {
        ulong handle = (ulong)random.Next(4);
        ulong size = (ulong)random.Next(4) * Chunk;
        switch (random.Next(12))
        {
            case 0 or 1:
                return client.ContextDescriptor >= 0
                    ? Errno.None : client.TryAttach(out _);
            case 2:
                return client.Detach();
            case 3 or 4 or 5:
                return client.TryOpenVirtual(
                    size,
                    out _,
                    random.Next(2) == 0 ? 0 : DkCxlflashUvirtual.NeedWriteSame);
            case 6:
                return client.Resize(handle, size, out _);
            case 7:
                return client.Release(handle);
            case 8:
                return client.Verify(handle, out _, random.Next(2) == 0 ? null : ResetSense());
            case 9:
                Errno errno = client.TryRecover(out DkCxlflashRecoverAfu recovered);
                client.ContextId = errno == Errno.None ? recovered.ContextId : client.ContextId;
                return errno;
            case 10:
                return CloneInChild(fixture, client, random);
            default:
                return Transfer(client, (uint)handle, data);
        }
    }

    private static Errno CloneInChild(
        SimulatedAdapterFixture fixture, TestClient client, Random random)
    {
        int number = client.Process.Caller.ProcessId + 1;
        HostProcess child = client.Process.Fork(number);
        try
        {
            using TestClient clone = new(fixture.Adapter, number, client.Process.Caller.ProcessId);
            Errno errno = clone.TryAttach(out _);
            return errno == Errno.None && random.Next(4) > 0
                ? clone.Clone(client.ContextId) : errno;
        }
        finally
        {
            child.Exit();
        }
    }

    // A window that does not come back from a reset is not waited for.
    private static Errno Transfer(TestClient client, uint handle, AlignedMemory data)
    {
        if (client.ContextDescriptor < 0
            || client.Transport.Map(client.ContextDescriptor, 0x10000, out _) != Errno.None)
        {
            return Errno.None;
        }

        client.MapWindow();
        client.Send(client.Command(ScsiOpcode.Write16, handle, 3, 1, data.Address));
        client.TryReceive(out _, waits: 10);
        return Errno.None;
    }

    private static byte[] ResetSense() =>
        [0x70, 0, 6, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0];
}
