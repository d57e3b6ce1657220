using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>LUNs of 512- and 4,096-byte blocks, and tables of 4,096 handles (SP §2.5, §8).</summary>
public sealed class LunGeometryTests
{
    private const long ChunkBytesOf512 = 65_536 * 512;

    [Theory]
    [InlineData(4096, 4096ul, 131_071ul)]
    [InlineData(512, 32_768ul, 1_048_575ul)]
    public void Attach_reports_sizes_in_the_luns_own_blocks(
        int blockBytes, ulong maxTransfer, ulong lastLba)
    {
        using MemoryMedium medium = new(131_072);
        using SimulatedAdapter adapter = Adapter(medium, blockBytes);
        using TestClient client = new(adapter);
        Assert.Equal(Errno.None, client.TryAttach(out DkCxlflashAttach attach));
        Assert.Equal((ulong)blockBytes, attach.BlockSize);
        Assert.Equal(maxTransfer, attach.MaxXfer);
        Assert.Equal(lastLba, attach.LastLba);
        Assert.Equal(Errno.None, client.TryOpenDirect(out DkCxlflashUdirect direct));
        Assert.Equal(lastLba, direct.LastLba);
    }

    [Theory]
    [InlineData(4096, 1ul, 65_535ul)]
    [InlineData(4096, 65_537ul, 131_071ul)]
    [InlineData(512, 1ul, 8_191ul)]
    [InlineData(512, 8_192ul, 8_191ul)]
    [InlineData(512, 8_193ul, 16_383ul)]
    [InlineData(512, ulong.MaxValue, 131_071ul)]
    [InlineData(512, 0ul, ulong.MaxValue)]
    public void Sizes_are_asked_and_answered_in_blocks_of_4096_bytes(
        int blockBytes, ulong size, ulong lastLba)
    {
        using MemoryMedium medium = new(131_072);
        using SimulatedAdapter adapter = Adapter(medium, blockBytes);
        using TestClient client = new TestClient(adapter).Attach();
        uint handle = client.OpenVirtual(0);
        Assert.Equal(Errno.None, client.Resize(handle, size, out ulong resized));
        Assert.Equal(lastLba, resized);
        Assert.Equal(Errno.None, client.Verify(handle, out ulong verified));
        Assert.Equal(lastLba, verified);
    }

    [Fact]
    public void The_smallest_lun_for_virtual_luns_is_one_chunk_of_its_own_blocks()
    {
        using MemoryMedium chunk = new(ChunkBytesOf512 / Medium.BlockBytes);
        using MemoryMedium less = new((ChunkBytesOf512 / Medium.BlockBytes) - 1);
        using SimulatedAdapter adapter = Adapter(chunk, 512);
        using SimulatedAdapter smaller = Adapter(less, 512);
        using TestClient client = new TestClient(adapter).Attach();
        using TestClient refused = new TestClient(smaller).Attach();
        client.OpenVirtual(1);
        Assert.Equal(1, adapter.Driver.ChunksOf(0)!.ChunkCount);
        Assert.Equal(Errno.OutOfMemory, refused.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void Max_vluns_of_a_context_are_4096_with_large_pages()
    {
        using MemoryMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            HandlesPerContext = 4096,
        });
        using TestClient client = new TestClient(adapter).Attach();
        for (uint i = 0; i < 4096; i++)
        {
            Assert.Equal(i, client.OpenVirtual(0));
        }

        Assert.Equal(Errno.TooManyOpen, client.TryOpenVirtual(0, out _));
        Assert.Equal(Errno.None, client.Resize(4095, 1, out ulong lastLba));
        Assert.Equal(65_535ul, lastLba);
        using AlignedMemory data = new(1);
        client.ExecuteGood(ScsiOpcode.Read16, 4095, 65_535, 1, data.Address);
    }

    [Theory]
    [InlineData(100, 4096)]
    [InlineData(256, 1024)]
    public void Other_numbers_of_handles_and_block_sizes_are_refused(int handles, int blockBytes)
    {
        using MemoryMedium medium = new(1);
        Assert.Throws<ArgumentException>(() => new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium) { BlockBytes = blockBytes }],
            HandlesPerContext = handles,
        }));
    }

    private static SimulatedAdapter Adapter(Medium medium, int blockBytes) =>
        new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium) { BlockBytes = blockBytes }],
        });
}
