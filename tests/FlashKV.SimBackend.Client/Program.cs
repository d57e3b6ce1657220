using System.Globalization;
using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Client;

/// <summary>
/// <c>hold SOCKET</c>: takes a context and chunks, says so, and gives them back at the end of its
/// input. <c>hammer SOCKET ACCESS</c>: the same, writing and reading until it is killed.
/// <c>clone SOCKET CONTEXT</c>: clones handle 0 of its parent's context and says what is in block 0.
/// <c>device</c>: see <see cref="NativeDevice"/>.
/// </summary>
internal static class Program
{
    private const int Blocks = 16;

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["hold", string socket]:
                Hold(socket);
                return 0;
            case ["hammer", string socket, string access]:
                Hammer(socket, Enum.Parse<SharedRegisterAccess>(access));
                return 0;
            case ["clone", string socket, string context]:
                return Clone(socket, ulong.Parse(context, CultureInfo.InvariantCulture));
            case ["device"]:
                return NativeDevice.Run();
            default:
                return 2;
        }
    }

    private static void Hold(string socket)
    {
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(socket);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(100_000);
        Console.WriteLine("ready");
        Console.ReadLine();
    }

    private static unsafe void Hammer(string socket, SharedRegisterAccess access)
    {
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(socket, access);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        nint data = (nint)NativeMemory.AlignedAlloc(Blocks * Lun.BlockSize, Lun.BlockSize);
        for (long round = 0; ; round++)
        {
            lun.Transfer(new BlockTransfer(BlockOperation.Write, 0, Blocks, data));
            lun.Transfer(new BlockTransfer(BlockOperation.Read, 0, Blocks, data));
            if (round == 3)
            {
                Console.WriteLine("ready");
            }
        }
    }

    private static unsafe int Clone(string socket, ulong source)
    {
        const int AnyDescriptor = 0;
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(socket);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach(
            new AttachOptions { Access = DeviceAccess.Read });
        IReadOnlyList<VirtualLun> luns;
        try
        {
            luns = context.CloneFrom(source, AnyDescriptor, [0]);
        }
        catch (DeviceException refusal)
        {
            Console.WriteLine($"errno {(int)refusal.Errno}");
            return 0;
        }

        nint data = (nint)NativeMemory.AlignedAlloc(Lun.BlockSize, Lun.BlockSize);
        luns[0].Transfer(new BlockTransfer(BlockOperation.Read, 0, 1, data));
        Console.WriteLine($"block {Convert.ToHexString(new ReadOnlySpan<byte>((void*)data, 16))}");
        Console.ReadLine();
        foreach (VirtualLun lun in luns)
        {
            lun.Dispose();
        }

        NativeMemory.AlignedFree((void*)data);
        return 0;
    }
}
