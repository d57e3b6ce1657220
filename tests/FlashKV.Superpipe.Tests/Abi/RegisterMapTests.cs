using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

public class RegisterMapTests
{
    [Fact]
    public void Host_map_offsets()
    {
        int[] expected =
        [
            0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x58, 0x60, 0x68,
            0x70,
        ];
        int[] actual =
        [
            SislHostMap.EndianCtrl, SislHostMap.IntrStatus, SislHostMap.IntrClear,
            SislHostMap.IntrMask, SislHostMap.Ioarrin, SislHostMap.RrqStart, SislHostMap.RrqEnd,
            SislHostMap.CmdRoom, SislHostMap.CtxCtrl, SislHostMap.MboxW, SislHostMap.SqStart,
            SislHostMap.SqEnd, SislHostMap.SqHead, SislHostMap.SqTail, SislHostMap.SqCtxReset,
        ];
        Assert.Equal(expected, actual);
        Assert.Equal(0x8000000000000080, SislHostMap.EndianBig);
    }

    [Fact]
    public void Control_map_offsets()
    {
        int[] actual =
        [
            SislCtrlMap.RhtStart, SislCtrlMap.RhtCntId, SislCtrlMap.CtxCap, SislCtrlMap.MboxR,
            SislCtrlMap.LisnPasid, SislCtrlMap.LisnEa, SislCtrlMap.SizeInBytes,
        ];
        Assert.Equal([0x00, 0x08, 0x10, 0x18, 0x20, 0x30, 0x48], actual);
        Assert.True(SislCtrlMap.SizeInBytes <= AfuAddressMap.ControlStride);
    }

    [Fact]
    public void Address_map_covers_the_whole_afu_without_overlap()
    {
        Assert.Equal(0x2000000, AfuAddressMap.Controls);
        Assert.Equal(
            AfuAddressMap.Global,
            AfuAddressMap.Controls + (CxlflashLimits.MaxContexts * AfuAddressMap.ControlStride));
        Assert.Equal(
            [0x2012000, 0x2013000, 0x2016000, 0x2017000],
            Enumerable.Range(0, 4).Select(AfuAddressMap.FcPort));
        Assert.Equal(
            [0x2014000, 0x2015000, 0x2018000, 0x2019000],
            Enumerable.Range(0, 4).Select(AfuAddressMap.LunTable));
        Assert.Equal(33_685_504, AfuAddressMap.SizeInBytes);
    }

    [Fact]
    public void Global_register_offsets()
    {
        int[] actual =
        [
            SislGlobalRegisters.AintrStatus, SislGlobalRegisters.AintrClear,
            SislGlobalRegisters.AintrMask, SislGlobalRegisters.AfuCtrl, SislGlobalRegisters.AfuHb,
            SislGlobalRegisters.Scratch, SislGlobalRegisters.AfuPortSel,
            SislGlobalRegisters.AfuConfig, SislGlobalRegisters.AfuVersion,
            SislGlobalRegisters.InterfaceVersion,
        ];
        Assert.Equal([0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x800, 0x808], actual);
    }

    [Fact]
    public void Port_register_offsets()
    {
        int[] actual =
        [
            SislFcPortRegisters.MtipCmdConfig, SislFcPortRegisters.MtipStatus,
            SislFcPortRegisters.MaxNumLuns, SislFcPortRegisters.CurNumLuns,
            SislFcPortRegisters.MaxCapPort, SislFcPortRegisters.CurCapPort,
            SislFcPortRegisters.Pname, SislFcPortRegisters.Config, SislFcPortRegisters.Config2,
            SislFcPortRegisters.Status, SislFcPortRegisters.Error, SislFcPortRegisters.ErrCap,
            SislFcPortRegisters.ErrMsk, SislFcPortRegisters.CntCrcErr,
            SislFcPortRegisters.CrcThresh,
        ];
        int[] expected =
        [
            0x010, 0x018, 0x080, 0x088, 0x090, 0x098, 0x300, 0x320, 0x328, 0x330, 0x380, 0x388,
            0x390, 0x538, 0x580,
        ];
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(0ul, 2)]
    [InlineData(0x1ul, 1)]
    [InlineData(0x3ul, 2)]
    [InlineData(0xFul, 4)]
    [InlineData(0xFFul, 4)]
    public void Port_count_follows_the_highest_usable_port(ulong portSel, int expected) =>
        Assert.Equal(expected, SislGlobalRegisters.PortCount(portSel));

    [Fact]
    public void Interrupt_masks_are_those_of_driver_and_client()
    {
        Assert.Equal(0xFFFFFFFFFFFFF800, ~(ulong)SislSyncInterrupts.DriverUnmask);
        Assert.Equal(0xFFFFFFFFFFFFFFE0, ~(ulong)SislSyncInterrupts.ClientUnmask);
    }

    [Fact]
    public void Async_status_swaps_the_ports_of_a_bank()
    {
        Assert.Equal([8, 0, 24, 16], Enumerable.Range(0, 4).Select(SislAsyncStatus.Shift));
        Assert.Equal(0x0400ul, SislAsyncStatus.Pack(0, SislAsyncInterrupts.LogiS));
    }

    [Fact]
    public void Capabilities_of_driver_and_user()
    {
        Assert.Equal(0x600000000000000Ful, (ulong)SislCtxCap.Master);
        Assert.Equal(0x3ul, (ulong)SislCtxCap.User);
        Assert.Equal(
            0x400000000000ul, (ulong)SislInterfaceCapabilities.SqCmdMode >> 16);
        Assert.Equal(0x7F20ul, (ulong)(SislAfuConfig.AutoRetryAll | SislAfuConfig.LittleEndian));
    }

    [Fact]
    public void Packed_register_values()
    {
        Assert.Equal(0x0100000500000000ul, SislCtrlMap.PackRhtCntId(256, 5));
        Assert.Equal(0x0005030000000000ul, SislGlobalRegisters.PackAfuCtrl(5));
    }
}
