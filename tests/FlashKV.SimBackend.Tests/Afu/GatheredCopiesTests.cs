using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Batches of a client in another process, whose blocks and answers are copied together: an address
/// that the client does not have costs its own command, and no other.
/// </summary>
public sealed class GatheredCopiesTests : IDisposable
{
    private const ulong Nowhere = 0x1000;

    private readonly HalfMappedPages _pages = new();

    public void Dispose() => _pages.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Command_blocks_that_are_not_there_are_left_out_of_a_batch(int seed)
    {
        using SimulatedAdapterFixture fixture = Fixture(SubmissionMode.CommandRooms);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Random random = new(seed);
        bool isAnyBad = false;
        List<ulong> sent = [];
        for (int i = 0; i < 24; i++)
        {
            if (random.Next(3) == 0)
            {
                ulong[] bad = [Nowhere, _pages.End, client.ResponseRing + 4, 1UL << 63];
                client.Window.Write(SislHostMap.Ioarrin, bad[random.Next(bad.Length)]);
                isAnyBad = true;
            }

            sent.Add(client.Send(Write(client, handle, (ulong)i, fixture, i)));
        }

        sent.ForEach(address =>
        {
            Assert.Equal(address, client.TryReceive(out SislIoasa ioasa));
            Assert.Equal(0u, ioasa.Ioasc);
        });
        Assert.Equal(isAnyBad, Has(client, SislSyncInterrupts.PermErrRcbRead));
        CheckWritten(client, handle, fixture, [.. Enumerable.Range(0, 24)]);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_status_that_cannot_be_written_costs_its_command_the_answer(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = Fixture(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        List<ulong> answered = [];
        for (int i = 0; i < 16; i++)
        {
            bool isBad = i % 5 == 2;
            SislIoarcb command = Write(client, handle, (ulong)i, fixture, i);
            if (isBad && mode == SubmissionMode.CommandRooms)
            {
                // The block ends with the page, and its IOASA would follow.
                client.Window.Write(
                    SislHostMap.Ioarrin, _pages.PutLast(AbiBytes.Of(ref command)));
                continue;
            }

            ulong sent = client.Send(
                command, (ref SislIoarcb last) => last.Ioasa = isBad ? _pages.End : last.Ioasa);
            if (!isBad)
            {
                answered.Add(sent);
            }
        }

        answered.ForEach(address => Assert.Equal(address, client.TryReceive(out _)));
        Assert.Equal(0UL, client.TryReceive(out _, waits: 3));
        Assert.True(Has(client, SislSyncInterrupts.PermErrSaWrite));

        // What was executed is executed: only the last block of the page was written again.
        CheckWritten(client, handle, fixture, [0, 1, 3, 4, 5, 6, 8, 9]);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Response_entries_are_filled_as_far_as_the_client_has_the_queue(SubmissionMode mode)
    {
        const int Room = 3;
        using SimulatedAdapterFixture fixture = Fixture(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        client.Window.Write(SislHostMap.RrqStart, _pages.End - (Room * 8));
        client.Window.Write(SislHostMap.RrqEnd, _pages.End + 64);
        ulong[] sent = [.. Enumerable.Range(0, 8).Select(
            i => client.Send(Write(client, handle, (ulong)i, fixture, i)))];
        client.Window.Wait();
        for (int i = 0; i < Room; i++)
        {
            Assert.Equal(sent[i] | 1, _pages.Word(_pages.End - (ulong)((Room - i) * 8)));
        }

        Assert.True(Has(client, SislSyncInterrupts.PermErrRrqWrite));
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Batches_of_any_length_go_round_both_rings(SubmissionMode mode)
    {
        const int Seed = 5;
        using SimulatedAdapterFixture fixture = Fixture(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Random random = new(Seed);
        for (int round = 0; round < 100; round++)
        {
            int count = random.Next(1, 33);
            ulong[] sent = [.. Enumerable.Range(0, count).Select(
                i => client.Send(Write(client, handle, (ulong)i, fixture, i)))];
            foreach (ulong address in sent)
            {
                Assert.Equal(address, client.TryReceive(out SislIoasa ioasa));
                Assert.Equal(0u, ioasa.Ioasc);
            }
        }
    }

    private static SimulatedAdapterFixture Fixture(SubmissionMode mode) =>
        new(mode, memory: new ClientMemory(Environment.ProcessId));

    private static SislIoarcb Write(
        TestClient client, uint handle, ulong lba, SimulatedAdapterFixture fixture, int block)
    {
        fixture.Data.Block(block).Fill((byte)(block + 1));
        return client.Command(
            ScsiOpcode.Write16, handle, lba, 1, fixture.Data.Run(block, 1).Address);
    }

    private static void CheckWritten(
        TestClient client, uint handle, SimulatedAdapterFixture fixture, int[] blocks)
    {
        const int Into = 63;
        foreach (int block in blocks)
        {
            client.ExecuteGood(
                ScsiOpcode.Read16, handle, (ulong)block, 1, fixture.Data.Run(Into, 1).Address);
            Assert.False(
                fixture.Data.Block(Into).ContainsAnyExcept((byte)(block + 1)), $"block {block}");
        }
    }

    private static bool Has(TestClient client, SislSyncInterrupts interrupt) =>
        (client.Window.Read(SislHostMap.IntrStatus) & (ulong)interrupt) != 0;

    /// <summary>Two pages of which only the first has memory.</summary>
    private sealed unsafe class HalfMappedPages : IDisposable
    {
        private const int PageBytes = 4096;
        private readonly byte* _start;

        internal HalfMappedPages()
        {
            const int ReadAndWrite = 3;
            const int Shared = 1;
            Assert.SkipUnless(SocketCalls.IsUsable, "For 64-bit Linux.");
            using DescriptorHandle file = new(SocketCalls.MemoryFile("pages", 0));
            Assert.Equal(0, SocketCalls.Truncate(file, PageBytes));
            _start = (byte*)SocketCalls.Map(0, 2 * PageBytes, ReadAndWrite, Shared, file, 0);
        }

        internal ulong End => (ulong)_start + PageBytes;

        internal ulong PutLast(ReadOnlySpan<byte> bytes)
        {
            byte* at = _start + PageBytes - bytes.Length;
            bytes.CopyTo(new Span<byte>(at, bytes.Length));
            return (ulong)at;
        }

        internal ulong Word(ulong address) => *(ulong*)address;

        public void Dispose() => SocketCalls.Unmap((nint)_start, 2 * PageBytes);
    }
}
