using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Client;

/// <summary>
/// <c>hold SOCKET</c>: takes a context and chunks, says so, and gives them back at the end of its
/// input. <c>hammer SOCKET ACCESS</c>: the same, writing and reading until it is killed.
/// <c>clone</c> and <c>parent</c>: see <see cref="CloningClient"/>.
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
            case ["clone", string socket, string registers, string access, string source]:
                CloningClient.Clone(
                    socket,
                    Enum.Parse<SharedRegisterAccess>(registers),
                    Enum.Parse<DeviceAccess>(access),
                    CloneSource.Parse(source));
                return 0;
            case ["parent", string socket]:
                CloningClient.BeParent(socket);
                return 0;
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
}
