using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Client;

/// <summary>
/// Uses <c>/dev/sg0</c> through the shipped Linux transport, and knows nothing of a socket. Run under
/// the preload library by a test, which resets the adapter whenever this has said "ready".
/// </summary>
internal static unsafe class NativeDevice
{
    private const int Blocks = 96;
    private const int Resets = 3;

    internal static int Run()
    {
        using SuperpipeDevice device = SuperpipeDevice.Open("/dev/sg0");
        using (SuperpipeContext context = device.Attach())
        {
            using VirtualLun lun = context.OpenVirtualLun(8_000);
            WriteAndRead(lun, 1);
            CheckThatFaultsAreTheRuntimes();
            for (int i = 0; i < Resets; i++)
            {
                Console.WriteLine("ready");
                if (Console.ReadLine() != "go")
                {
                    return 3;
                }

                Read(lun, (byte)(i + 1));
                lun.Resize(lun.BlockCount + 1);
                WriteAndRead(lun, (byte)(i + 2));
            }

            Check(context.GetStatistics().Recoveries == Resets, "the context recovered");
        }

        CheckPhysical(device);
        CheckErrors(device);
        Console.WriteLine("done");
        return 0;
    }

    private static void CheckPhysical(SuperpipeDevice device)
    {
        using SuperpipeContext context = device.Attach(
            new AttachOptions { CommandBlocks = 16 });
        using PhysicalLun lun = context.OpenPhysicalLun();
        WriteAndRead(lun, 99);
    }

    private static void CheckErrors(SuperpipeDevice device)
    {
        using SuperpipeContext context = device.Attach();
        using VirtualLun virtualLun = context.OpenVirtualLun(1);
        Check(Errors(() => context.OpenPhysicalLun()) == Errno.InvalidArgument, "one mode");
        Check(Errors(() => SuperpipeDevice.Open("/dev/sg99")) == Errno.NoEntry, "no node");
    }

    private static Errno Errors(Action action)
    {
        try
        {
            action();
            return Errno.None;
        }
        catch (DeviceException exception)
        {
            return exception.Errno;
        }
    }

    // The runtime turns faults of its own into exceptions, with a handler behind the library's.
    private static void CheckThatFaultsAreTheRuntimes()
    {
        string? nothing = Environment.GetEnvironmentVariable("FLASHKV_NOT_SET");
        try
        {
            Console.WriteLine(nothing!.Length);
            Check(false, "a null reference is an exception");
        }
        catch (NullReferenceException)
        {
        }
    }

    private static void WriteAndRead(Lun lun, byte tag)
    {
        byte* buffer = Allocate();
        for (int i = 0; i < Blocks * Lun.BlockSize; i++)
        {
            buffer[i] = Expected(tag, i);
        }

        lun.Transfer(new BlockTransfer(BlockOperation.Write, 7, Blocks, (nint)buffer));
        NativeMemory.AlignedFree(buffer);
        Read(lun, tag);
    }

    private static void Read(Lun lun, byte tag)
    {
        byte* buffer = Allocate();
        lun.Transfer(new BlockTransfer(BlockOperation.Read, 7, Blocks, (nint)buffer));
        for (int i = 0; i < Blocks * Lun.BlockSize; i++)
        {
            Check(buffer[i] == Expected(tag, i), $"byte {i} of image {tag}");
        }

        NativeMemory.AlignedFree(buffer);
    }

    private static byte Expected(byte tag, int index) => (byte)(tag + index + (index >> 12));

    private static byte* Allocate() =>
        (byte*)NativeMemory.AlignedAlloc(Blocks * Lun.BlockSize, Lun.BlockSize);

    private static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"It does not hold that {what}.");
        }
    }
}
