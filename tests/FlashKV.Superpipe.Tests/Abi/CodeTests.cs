using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

/// <summary>The numbers of every result code, flag and limit.</summary>
public class CodeTests
{
    [Fact]
    public void Afu_result_codes() => AssertValues<SislAfuRc>(
        "00 01 02 03 04 05 12 13 14 15 1A 20 21 30 31 50 51");

    [Fact]
    public void Scsi_result_codes() => AssertValues<SislScsiRc>("00 02 08 18 28");

    [Fact]
    public void Fibre_channel_result_codes() => AssertValues<SislFcRc>(
        "00 52 53 54 55 56 57 58 59 5A 5B 5C 5E");

    [Fact]
    public void Ioasa_flags() => AssertValues<SislIoasaFlags>("00 10 20 40 80");

    [Fact]
    public void Request_flags() => AssertValues<SislReqFlags>("00 01 02 04 40 80 C0 4000 8000");

    [Fact]
    public void Async_interrupts() =>
        AssertValues<SislAsyncInterrupts>("00 01 02 04 08 10 20 40 80");

    [Fact]
    public void Sync_interrupts() => AssertValues<SislSyncInterrupts>(
        "00 01 02 04 08 10 1F 20 40 80 100 200 400 7FF");

    [Fact]
    public void Return_flags() =>
        AssertValues<DkCxlflashReturnFlags>("00 01 02 04 8000000000000000");

    [Fact]
    public void Event_types() => AssertValues<CxlEventType>("00 01 02 03 04");

    [Fact]
    public void Input_flags()
    {
        Assert.Equal(1UL << 63, DkCxlflashAttach.ReuseContext);
        Assert.Equal(1UL << 63, DkCxlflashUvirtual.NeedWriteSame);
        Assert.Equal(1UL << 63, DkCxlflashVerify.HintSense);
        Assert.Equal(18, DkCxlflashVerify.SenseLength);
        Assert.Equal(1UL << 63, DkCxlflashManageLun.EnableSuperpipe);
        Assert.Equal(1UL << 62, DkCxlflashManageLun.DisableSuperpipe);
        Assert.Equal(1UL << 61, DkCxlflashManageLun.AllPortsAccessible);
    }

    [Fact]
    public void Limits()
    {
        Assert.Equal(512, CxlflashLimits.MaxContexts);
        Assert.Equal(65536, CxlflashLimits.ChunkSize);
        Assert.Equal(4096 / SislRht.EntrySizeInBytes, CxlflashLimits.MaxRhtPerContext);
        Assert.Equal(16_777_216, CxlflashLimits.MaxXferSize);
        Assert.Equal(65536, CxlflashLimits.MmioSize);
    }

    private static void AssertValues<T>(string expected)
        where T : struct, Enum => Assert.Equal(
            expected.Split(' ').Select(text => Convert.ToUInt64(text, 16)),
            Enum.GetValues<T>().Select(value => Convert.ToUInt64(value)));
}
