using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Interop;
using FlashKV.Superpipe.Mmio;

namespace FlashKV.Superpipe.Tests.Interop;

/// <summary>
/// The real calls against ordinary files: no adapter is needed to see that registers are 64 bits
/// wide and big-endian, and that error numbers come through.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class LinuxTransportTests : IDisposable
{
    private const int WindowBytes = 65536;

    private readonly LinuxTransport _transport = new();
    private readonly string _path = Path.Combine(
        Path.GetTempPath(), $"flashkv-window-{Environment.ProcessId}-{Path.GetRandomFileName()}");

    public LinuxTransportTests() => File.WriteAllBytes(_path, new byte[WindowBytes]);

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Registers_are_big_endian_words_of_the_mapping()
    {
        Assert.Equal(Errno.None, _transport.Open(_path, DeviceAccess.ReadWrite, out int file));
        Assert.Equal(Errno.None, _transport.Map(file, WindowBytes, out MappedRegisters window));
        window.Write(SislHostMap.RrqStart, 0x0102030405060708);
        window.Write(WindowBytes - 8, 1);
        window.Wait();
        Assert.Equal(0x0102030405060708ul, window.Read(SislHostMap.RrqStart));
        Assert.Equal(0ul, window.Read(SislHostMap.RrqEnd));
        _transport.Unmap(window);
        Assert.Equal(Errno.None, _transport.Close(file));

        byte[] bytes = File.ReadAllBytes(_path);
        Assert.Equal("0102030405060708", Convert.ToHexString(bytes, SislHostMap.RrqStart, 8));
        Assert.Equal("0000000000000001", Convert.ToHexString(bytes, WindowBytes - 8, 8));
    }

    [Fact]
    public void Error_numbers_come_through()
    {
        Assert.Equal(
            Errno.NoEntry, _transport.Open("/dev/no-such-node", DeviceAccess.Read, out _));
        Assert.Equal(Errno.BadDescriptor, _transport.Close(-1));
        Assert.Equal(Errno.BadDescriptor, _transport.Map(-1, WindowBytes, out _));
        Assert.Equal(Errno.BadDescriptor, _transport.Read(-1, new byte[4096], out _));

        DkCxlflashDetach argument = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<DkCxlflashDetach>(ref argument));
        Assert.Equal(Errno.BadDescriptor, _transport.Ioctl(-1, IoctlRequest.Detach, bytes));
        Assert.Equal(Errno.BadAddress, _transport.Ioctl(-1, IoctlRequest.Detach, bytes[1..]));
    }

    [Fact]
    public void A_file_that_is_no_adapter_refuses_the_ioctls()
    {
        const int NotATypewriter = 25;
        using SuperpipeDevice device = SuperpipeDevice.Open(_path);
        DeviceException failure = Assert.Throws<DeviceException>(() => device.Attach());
        Assert.Equal(NotATypewriter, (int)failure.Errno);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_and_the_end_of_one_are_told_apart()
    {
        const int NotOpen = 1_000_000;
        Assert.Equal(Errno.BadDescriptor, _transport.Poll(NotOpen, 0, out bool isReadable));
        Assert.False(isReadable);

        Assert.Equal(Errno.None, _transport.Open(_path, DeviceAccess.Read, out int file));
        byte[] all = new byte[2 * WindowBytes];
        Assert.Equal(Errno.None, _transport.Read(file, all, out int length));
        Assert.Equal(WindowBytes, length);
        Assert.Equal(Errno.InputOutput, _transport.Read(file, all, out length));
        Assert.Equal(0, length);
        _transport.Close(file);
    }

    [Fact]
    public void Polling_and_reading_do_not_block()
    {
        Assert.Equal(Errno.None, _transport.Open(_path, DeviceAccess.Read, out int file));
        Assert.Equal(Errno.None, _transport.Poll(file, 0, out bool isReadable));
        Assert.True(isReadable);
        Assert.Equal(Errno.None, _transport.Read(file, new byte[4096], out int length));
        Assert.Equal(4096, length);
        _transport.Close(file);
    }
}
