using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// Rows of SP §6.1: VLUN_RESIZE.
/// See <see cref="RowMachine"/>.
/// </summary>
public sealed class ResizeRowTests
{
    private const ulong Chunk = RowMachine.Chunk;

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_60_61_62_DCVR_bad_ctx_no_vlun_on_plun(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Resize(0, 1, out _));
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, client.Resize(handle, 1, out _, context: 0x99));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.InvalidArgument, client.Resize(client.OpenDirect(), 1, out _));
    }

    [Theory]
    [MemberData(nameof(RowMachine.All), MemberType = typeof(RowMachine))]
    public void Row_64_to_75_DCVR_of_all_sizes(int ports, SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = RowMachine.Make(ports, mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(0);
        uint other = client.OpenVirtual(2 * Chunk);
        ulong[] sizes =
        [
            1, Chunk, Chunk + 1, 3 * Chunk, (3 * Chunk) - 1, 2 * Chunk, Chunk - 1, 0, 6 * Chunk,
            5 * Chunk, 6 * Chunk, 8 * Chunk, 100 * Chunk, 0, 0, 4 * Chunk, 8 * Chunk,
            2 * Chunk, ulong.MaxValue, 0,
        ];
        ulong before = 0;
        foreach (ulong size in sizes)
        {
            // Six are left by the other; a larger size gets what there is, and ENOSPC if nothing.
            ulong chunks = Math.Min((size / Chunk) + (size % Chunk == 0 ? 0ul : 1ul), 6);
            bool isFull = before == 6 && size > 6 * Chunk;
            Errno errno = client.Resize(handle, size, out ulong lastLba);
            Assert.Equal(isFull ? Errno.NoSpace : Errno.None, errno);
            Assert.Equal(isFull ? 0 : unchecked((chunks * Chunk) - 1), lastLba);
            Assert.Equal(6 - (int)chunks, fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);
            before = chunks;
        }

        Assert.Equal(Errno.None, client.Verify(other, out ulong otherLba));
        Assert.Equal((2 * Chunk) - 1, otherLba);
    }
}
