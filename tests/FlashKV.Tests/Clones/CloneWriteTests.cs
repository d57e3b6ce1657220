using System.Runtime.InteropServices;
using FlashKV.Opening;
using FlashKV.SimBackend;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.Tests.Clones;

/// <summary>
/// What a process can do, past the library, with what it is handed to read a clone: not write.
/// </summary>
public sealed unsafe class CloneWriteTests : IDisposable
{
    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-clones-").FullName;

    private readonly nint _block = (nint)NativeMemory.AlignedAlloc(Lun.BlockSize, Lun.BlockSize);
    private readonly FlashStore _store;
    private readonly CloneTransport _transport;
    private readonly SuperpipeDevice _device;

    public CloneWriteTests()
    {
        _store = FlashStore.Open(_directory, new FlashStoreOptions { Shards = 1 });
        _store.Put("key"u8, "value"u8);
        EmbeddedDevice embedded = _store.Embedded!;
        _transport = CloneTransport.Connect(embedded.ServeDriver());
        _device = SuperpipeDevice.Open(_transport, embedded.DevicePath);
    }

    public void Dispose()
    {
        _device.Dispose();
        _transport.Dispose();
        _store.Dispose();
        NativeMemory.AlignedFree((void*)_block);
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(DeviceAccess.ReadWrite)]
    [InlineData(DeviceAccess.Write)]
    public void The_driver_attaches_nobody_for_writing(DeviceAccess access)
    {
        DeviceException refusal = Assert.Throws<DeviceException>(
            () => _device.Attach(new AttachOptions { Access = access }));
        Assert.Equal(Errno.NotPermitted, refusal.Errno);
    }

    [Fact]
    public void The_adapter_refuses_commands_that_write()
    {
        const int NoPermission = 0x05;
        using SuperpipeDevice device = SuperpipeDevice.Open(
            new AttachesForReading(_transport), _store.Embedded!.DevicePath);
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = Clone(context);
        lun.Transfer(new BlockTransfer(BlockOperation.Read, 0, 1, _block));
        foreach (BlockOperation operation in
            (BlockOperation[])[BlockOperation.Write, BlockOperation.Unmap])
        {
            DeviceException refusal = Assert.Throws<DeviceException>(
                () => lun.Transfer(new BlockTransfer(operation, 0, 1, _block)));
            Assert.Equal(NoPermission, (int)(refusal.Ioasc >> 8) & 0xFF);
        }

        Assert.Equal("value"u8, _store.Get("key"u8)!);
        Assert.True(_store.Verify().IsWhole);
    }

    [Fact]
    public void The_driver_gives_a_clone_no_chunks_and_takes_none()
    {
        using SuperpipeContext context = Attach();
        Assert.Equal(
            Errno.NotPermitted,
            Assert.Throws<DeviceException>(() => context.OpenVirtualLun(1)).Errno);
        Assert.Equal(
            Errno.NotPermitted,
            Assert.Throws<DeviceException>(() => context.OpenPhysicalLun()).Errno);
        using VirtualLun lun = Clone(context);
        Assert.Equal(
            Errno.NotPermitted, Assert.Throws<DeviceException>(() => lun.Resize(0)).Errno);
    }

    [Fact]
    public void The_server_takes_no_orders()
    {
        using AdapterControl control = AdapterControl.Connect(_store.Embedded!.ServeDriver());
        Assert.ThrowsAny<IOException>(() => control.Reset(0));
        Assert.ThrowsAny<IOException>(() => control.Fail(0));
        Assert.Equal("value"u8, _store.Get("key"u8)!);
    }

    [Fact]
    public void The_system_refuses_writes_to_the_descriptor_of_the_medium()
    {
        string path = Path.Combine(_directory, "device.flash");
        Assert.Equal(
            Errno.None, LinuxFileOpener.TryOpenForReading(path, out DescriptorHandle? passed));
        using (passed)
        using (SafeFileHandle file = new(passed!.Number, ownsHandle: false))
        {
            Assert.ThrowsAny<Exception>(() => RandomAccess.Write(file, "x"u8, 0));
        }

        using FileMedium medium = FileMedium.OpenForReading(path);
        Span<MemoryRun> run = [new MemoryRun(_block, 1)];
        Assert.Equal(MediumStatus.Good, medium.Read(0, run));
        Assert.NotEqual(MediumStatus.Good, medium.Write(0, run, forceUnitAccess: false));
        Assert.NotEqual(MediumStatus.Good, medium.Discard(0, 1));
    }

    /// <summary>
    /// Lets a client believe that it may write, so that it sends such commands, and asks the driver
    /// for reading.
    /// </summary>
    private sealed class AttachesForReading(CloneTransport inner)
        : IControlTransport<SimulatedRegisters>
    {
        private const int AttachBytes = 144;
        private const int FlagsOffset = 8;
        private const byte OpenMode = 3;

        public Errno Open(string path, DeviceAccess access, out int descriptor) =>
            inner.Open(path, access, out descriptor);

        public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
        {
            if (argument.Length == AttachBytes)
            {
                argument[FlagsOffset] &= unchecked((byte)~OpenMode);
            }

            return inner.Ioctl(descriptor, request, argument);
        }

        public Errno Map(int descriptor, long length, out SimulatedRegisters window) =>
            inner.Map(descriptor, length, out window);

        public void Unmap(SimulatedRegisters window) => inner.Unmap(window);

        public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable) =>
            inner.Poll(descriptor, timeoutMilliseconds, out readable);

        public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
            inner.Read(descriptor, buffer, out length);

        public Errno Close(int descriptor) => inner.Close(descriptor);
    }

    private SuperpipeContext Attach() =>
        _device.Attach(new AttachOptions { Access = DeviceAccess.Read });

    private VirtualLun Clone(SuperpipeContext context) => context.CloneFrom(
        CloneSource.Parse(_store.CloneSources.Single()))[0];
}
