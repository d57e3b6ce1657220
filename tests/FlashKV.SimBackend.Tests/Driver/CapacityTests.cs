using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>Capacities that change, and VERIFY (SP §2.6, §3.10).</summary>
public sealed class CapacityTests : IDisposable
{
    private const long Chunk = 65_536;
    private readonly SimulatedAdapterFixture _fixture = new(chunks: 8);
    private readonly TestClient _client;

    public CapacityTests() => _client = _fixture.Attached();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(0x29)]
    [InlineData(0x2A)]
    public void VERIFY_with_the_sense_data_takes_the_new_capacity_over(byte asc)
    {
        uint handle = _client.OpenDirect();
        _fixture.Adapter.SetCapacity(0, 3 * Chunk);
        SislIoasa ioasa =
            _client.Execute(ScsiOpcode.Read16, handle, 0, 1, _fixture.Data.Address);
        Assert.Equal(SislScsiRc.Check, ioasa.ScsiRc);
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
        Assert.Equal((8ul * Chunk) + 6, lastLba);
        Assert.Equal(Errno.None, _client.Verify(handle, out lastLba, Sense(asc)));
        Assert.Equal((3ul * Chunk) - 1, lastLba);

        // The capacity is the LUN's, whoever looks.
        Assert.Equal(Errno.None, _fixture.Client().TryAttach(out DkCxlflashAttach attach));
        Assert.Equal((3ul * Chunk) - 1, attach.LastLba);
    }

    [Fact]
    public void A_capacity_that_cannot_be_read_stays_as_it_was()
    {
        uint handle = _client.OpenDirect();
        _fixture.Adapter.SetCapacity(0, 3 * Chunk);
        _fixture.Adapter.SetLink(0, isUp: false);
        Assert.Equal(Errno.NoDevice, _client.Verify(handle, out _, Sense(0x2A)));
        _fixture.Adapter.SetLink(0, isUp: true);
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
        Assert.Equal((8ul * Chunk) + 6, lastLba);
    }

    [Fact]
    public void Chunks_follow_the_capacity_with_the_next_first_virtual_LUN()
    {
        uint handle = _client.OpenVirtual(1);
        _fixture.Adapter.SetCapacity(0, 3 * Chunk);
        Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba, Sense(0x2A)));
        Assert.Equal((ulong)Chunk - 1, lastLba);
        Assert.Equal(8, _fixture.Adapter.Driver.ChunksOf(0)!.ChunkCount);
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(Errno.None, _client.TryOpenVirtual(ulong.MaxValue, out var opened));
        Assert.Equal((3ul * Chunk) - 1, opened.LastLba);
    }

    private static byte[] Sense(byte asc) =>
        [0x70, 0, 6, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, asc, 0, 0, 0, 0, 0];
}
