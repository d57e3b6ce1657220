using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>USER_DIRECT, USER_VIRTUAL, RESIZE, RELEASE, VERIFY; rows of SP §6.1.</summary>
public sealed class LunIoctlTests : IDisposable
{
    private const ulong Chunk = 65_536;
    private readonly SimulatedAdapterFixture _fixture = new(chunks: 8, luns: 2);
    private readonly TestClient _client;

    public LunIoctlTests() => _client = _fixture.Attached();

    public static TheoryData<byte[], int> Senses => new()
    {
        { Sense(0x70, 0, 0x29), 0 },
        { Sense(0x70, 1, 0x29), 0 },
        { Sense(0x70, 2, 0x29), 0 },
        { Sense(0x70, 6, 0x29), 0 },
        { Sense(0x70, 6, 0x2A), 0 },
        { Sense(0x71, 6, 0x3F), 0 },
        { Sense(0x70, 6, 0x28), 5 },
        { Sense(0x70, 3, 0x11), 5 },
        { Sense(0x70, 5, 0x29), 5 },
        { Sense(0x00, 6, 0x29), 22 },
        { [0x72, 6, 0x29, .. new byte[15]], 0 },
    };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Dcud_valid_gives_the_physical_capacity_and_ignores_flags()
    {
        Assert.Equal(Errno.None, _client.TryOpenDirect(out DkCxlflashUdirect direct));
        Assert.Equal((8 * Chunk) + 6, direct.LastLba);
        Assert.Equal(DkCxlflashReturnFlags.None, direct.Hdr.ReturnFlags);
    }

    [Fact]
    public void Dcud_invalid_ctx_is_refused_and_leaves_the_lun_unused()
    {
        Assert.Equal(Errno.InvalidArgument, _client.TryOpenDirect(out _, 0x3fff7b29));
        Assert.Equal(Errno.None, _client.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void Dcud_twice_gives_two_handles()
    {
        Assert.Equal(0u, _client.OpenDirect());
        Assert.Equal(1u, _client.OpenDirect());
    }

    [Fact]
    public void Plun_and_vlun_of_one_lun_exclude_each_other()
    {
        uint handle = _client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, _client.TryOpenDirect(out _));
        Assert.Equal(Errno.None, _client.Release(handle));
        handle = _client.OpenDirect();
        Assert.Equal(Errno.InvalidArgument, _client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Resize(handle, 1, out _));
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(Errno.None, _client.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void Loops_of_opening_and_releasing_lose_nothing()
    {
        for (int i = 0; i < 100; i++)
        {
            uint handle = i % 2 == 0 ? _client.OpenVirtual(Chunk) : _client.OpenDirect();
            Assert.Equal(0u, handle);
            Assert.Equal(Errno.None, _client.Release(handle));
        }

        Assert.Null(_fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void Dcuv_invalid_ctx_is_refused() =>
        Assert.Equal(Errno.InvalidArgument, _client.TryOpenVirtual(1, out _, context: 0x99));

    [Fact]
    public void Dcuv_size_zero_has_a_last_lba_of_all_ones()
    {
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(Errno.None, _client.TryOpenVirtual(0, out DkCxlflashUvirtual opened));
            Assert.Equal(ulong.MaxValue, opened.LastLba);
            Assert.Equal(DkCxlflashReturnFlags.AllPortsActive, opened.Hdr.ReturnFlags);
        }
    }

    [Theory]
    [InlineData(1, 65_535)]
    [InlineData(65_536, 65_535)]
    [InlineData(65_537, 131_071)]
    [InlineData(8 * 65_536, (8 * 65_536) - 1)]
    [InlineData(100 * 65_536, (8 * 65_536) - 1)]
    [InlineData(-1, (8 * 65_536) - 1)]
    public void Sizes_are_rounded_up_to_chunks_and_truncated_to_the_disk(long size, long lastLba)
    {
        Assert.Equal(Errno.None, _client.TryOpenVirtual((ulong)size, out var opened));
        Assert.Equal((ulong)lastLba, opened.LastLba);
        Assert.Equal(Errno.None, _client.Resize(opened.RsrcHandle, 0, out ulong empty));
        Assert.Equal(ulong.MaxValue, empty);
        Assert.Equal(
            Errno.None, _client.Resize(opened.RsrcHandle, (ulong)size, out ulong resized));
        Assert.Equal((ulong)lastLba, resized);
        Assert.Equal(Errno.None, _client.Verify(opened.RsrcHandle, out ulong verified));
        Assert.Equal((ulong)lastLba, verified);
    }

    [Fact]
    public void Dcuv_no_further_capacity_is_no_space()
    {
        uint all = _client.OpenVirtual(ulong.MaxValue);
        Assert.Equal(Errno.NoSpace, _client.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.NoSpace, _client.Resize(all, 9 * Chunk, out _));
        Assert.Equal(1, _fixture.Adapter.Driver.HandleCount);
        Assert.Equal(Errno.None, _client.Resize(all, 7 * Chunk, out _));
        Assert.Equal(Errno.None, _client.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void A_lun_smaller_than_a_chunk_has_no_virtual_luns()
    {
        using MemoryMedium small = new(65_535);
        using SimulatedAdapter adapter = new(small);
        using TestClient client = new TestClient(adapter).Attach();
        Assert.Equal(Errno.OutOfMemory, client.TryOpenVirtual(0, out _));
        Assert.Equal(Errno.None, client.TryOpenDirect(out DkCxlflashUdirect direct));
        Assert.Equal(65_534ul, direct.LastLba);
    }

    [Fact]
    public void Max_vluns_of_a_context_are_256()
    {
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal((uint)i, _client.OpenVirtual(0));
        }

        Assert.Equal(Errno.TooManyOpen, _client.TryOpenVirtual(0, out _));
        Assert.Equal(Errno.None, _client.Release(17));
        Assert.Equal(17u, _client.OpenVirtual(0));
    }

    [Fact]
    public void Dcvr_bad_context_or_handle_is_refused()
    {
        Assert.Equal(Errno.InvalidArgument, _client.Resize(0, 1, out _));
        uint handle = _client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, _client.Resize(handle, 1, out _, context: 0x99));
        Assert.Equal(Errno.InvalidArgument, _client.Resize(handle + 1, 1, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Resize(0xdead, 1, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Resize((1ul << 32) + handle, 1, out _));
    }

    [Fact]
    public void Dcr_twice_or_of_nothing_is_refused()
    {
        Assert.Equal(Errno.InvalidArgument, _client.Release(0));
        uint handle = _client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, _client.Release(handle, context: 0x99));
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, _client.Release(handle));
        for (uint i = 0; i < 16; i++)
        {
            Assert.Equal(Errno.InvalidArgument, _client.Release(0xdead + i));
        }
    }

    [Fact]
    public void A_handle_of_another_lun_is_refused()
    {
        TestClient other = _fixture.Client(path: "/dev/sg1");
        Assert.Equal(Errno.None, other.TryAttach(out _, reuse: _client.ContextId));
        other.ContextId = _client.ContextId;
        uint handle = _client.OpenVirtual(1);
        uint otherHandle = other.OpenVirtual(1);
        Assert.NotEqual(handle, otherHandle);
        Assert.Equal(Errno.InvalidArgument, other.Resize(handle, 5, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Release(otherHandle));
    }

    [Fact]
    public void A_handle_number_that_is_open_in_another_context_only_is_refused()
    {
        // Row 197.
        TestClient other = _fixture.Attached();
        other.OpenVirtual(1);
        uint second = other.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, _client.Resize(second, 5, out _));
        Assert.Equal(Errno.InvalidArgument, _client.Release(second));
        Assert.Equal(0u, _client.OpenVirtual(1));
        Assert.Equal(Errno.None, _client.TryRecover(out _));
        Assert.Equal(Errno.None, _client.Detach());
    }

    [Theory]
    [MemberData(nameof(Senses))]
    public void Dcv_answers_to_sense(byte[] sense, int errno)
    {
        uint handle = _client.OpenVirtual(3 * Chunk);
        Assert.Equal((Errno)errno, _client.Verify(handle, out ulong lastLba, sense));
        Assert.Equal(errno == 0 ? (3 * Chunk) - 1 : 0, lastLba);
    }

    [Fact]
    public void Dcv_of_a_released_handle_is_refused()
    {
        uint handle = _client.OpenDirect();
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
        Assert.Equal((8 * Chunk) + 6, lastLba);
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, _client.Verify(handle, out _));
    }

    [Fact]
    public void Dcv_over_a_dead_port_finds_no_device()
    {
        uint handle = _client.OpenDirect();
        _fixture.Adapter.SetLink(0, isUp: false);
        Assert.Equal(Errno.NoDevice, _client.Verify(handle, out _, Sense(0x70, 6, 0x29)));
    }

    [Fact]
    public void A_failed_sync_asks_to_try_again_and_growing_stays()
    {
        uint handle = _client.OpenVirtual(Chunk);
        _fixture.Adapter.Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(Errno.TryAgain, _client.Resize(handle, 4 * Chunk, out _));
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
        Assert.Equal((4 * Chunk) - 1, lastLba);
        Assert.Equal(Errno.None, _client.Resize(handle, 4 * Chunk, out _));
    }

    [Fact]
    public void A_failed_sync_while_opening_loses_no_chunk_and_no_handle()
    {
        _fixture.Adapter.Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(Errno.TryAgain, _client.TryOpenVirtual(5 * Chunk, out _));
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
        Assert.Equal((8 * Chunk) - 1, LastLbaOf(_client.OpenVirtual(ulong.MaxValue)));
        Assert.Equal(Errno.None, _client.Release(0));
        _fixture.Adapter.Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(Errno.TimedOut, _client.TryOpenDirect(out _));
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
    }

    [Fact]
    public void Random_resizes_of_many_luns_keep_chunks_apart_and_complete()
    {
        const int Seed = 20_260_601;
        Random random = new(Seed);
        uint[] handles = [.. Enumerable.Range(0, 5).Select(_ => _client.OpenVirtual(0))];
        ulong[] sizes = new ulong[handles.Length];
        for (int i = 0; i < 500; i++)
        {
            int index = random.Next(handles.Length);
            ulong wanted = (ulong)random.Next(6);
            ulong free = 8 - sizes.Aggregate((a, b) => a + b);
            ulong expected = Math.Min(wanted, sizes[index] + free);
            Errno errno = _client.Resize(handles[index], wanted * Chunk, out ulong lastLba);
            bool isFull = wanted > sizes[index] && free == 0;
            Assert.True((errno == Errno.NoSpace) == isFull, $"seed {Seed}, step {i}: {errno}");
            if (!isFull)
            {
                Assert.Equal(unchecked((expected * Chunk) - 1), lastLba);
                sizes[index] = expected;
            }
        }
    }

    [Fact]
    public void Detach_gives_back_all_chunks_and_handles()
    {
        _client.OpenVirtual(3 * Chunk);
        _client.OpenVirtual(2 * Chunk);
        _client.Leave();
        Assert.Equal(0, _fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, _fixture.Adapter.Driver.HandleCount);
        Assert.Equal(0, _fixture.Adapter.Driver.DescriptorCount);
        TestClient next = _fixture.Attached();
        Assert.Equal(Errno.None, next.TryOpenVirtual(ulong.MaxValue, out var opened));
        Assert.Equal((8 * Chunk) - 1, opened.LastLba);
    }

    private ulong LastLbaOf(uint handle)
    {
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
        return lastLba;
    }

    private static byte[] Sense(byte code, byte key, byte asc)
    {
        byte[] sense = new byte[18];
        sense[0] = code;
        sense[2] = key;
        sense[7] = 10;
        sense[12] = asc;
        return sense;
    }
}
