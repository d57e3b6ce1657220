using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>A LUN whose capacity changes under its users.</summary>
public sealed class CapacityTests
{
    private const long Blocks = 1000;

    [Fact]
    public void A_change_is_a_unit_attention_and_verify_finds_the_new_capacity()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenDirect();
        nint data = fixture.Data.Address;
        fixture.Adapter.SetCapacity(0, Blocks);

        SislIoasa attention = client.Execute(ScsiOpcode.Read16, handle, 0, 1, data);
        Assert.Equal(SislScsiRc.Check, attention.ScsiRc);
        ReadOnlySpan<byte> sense = attention.SenseData;
        Assert.True(ScsiSense.TryParse(sense, out ScsiSense parsed));
        Assert.Equal(ScsiSense.CapacityChanged, parsed);

        Assert.Equal(Errno.None, client.Verify(handle, out ulong lastLba, sense[..18].ToArray()));
        Assert.Equal((ulong)Blocks - 1, lastLba);
        client.ExecuteGood(ScsiOpcode.Read16, handle, (ulong)Blocks - 1, 1, data);
        Assert.Equal(
            SislScsiRc.Check,
            client.Execute(ScsiOpcode.Read16, handle, (ulong)Blocks, 1, data).ScsiRc);

        fixture.Adapter.SetCapacity(0, fixture.Media[0].BlockCount);
        client.Execute(ScsiOpcode.Read16, handle, 0, 1, data);
        client.ExecuteGood(ScsiOpcode.Read16, handle, (ulong)Blocks, 1, data);
    }

    [Fact]
    public void A_capacity_beyond_the_medium_is_refused()
    {
        using SimulatedAdapterFixture fixture = new();
        long most = fixture.Media[0].BlockCount;
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Adapter.SetCapacity(0, most + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Adapter.SetCapacity(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Adapter.SetCapacity(1, 1));
    }
}
