using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Client;

/// <summary>
/// A child that clones its parent's virtual LUNs and does to them what it is told, a line a
/// command; and a parent of such a child, for the tests to kill.
/// </summary>
internal static unsafe class CloningClient
{
    private const int LastChunkOfParent = 2;

    /// <summary>
    /// Clones, answers "cloned" with the sizes, and takes commands until its input ends.
    /// </summary>
    internal static void Clone(
        string socket, SharedRegisterAccess registers, DeviceAccess access, CloneSource source)
    {
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(socket, registers);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach(new AttachOptions { Access = access });
        List<VirtualLun> luns = [];
        Console.WriteLine(Try(() =>
        {
            luns.AddRange(context.CloneFrom(source));
            return $"cloned {string.Join(' ', luns.Select(lun => lun.BlockCount))}";
        }));
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            Console.WriteLine(Try(() => Execute(context, luns, words)));
        }

        luns.ForEach(lun => lun.Dispose());
    }

    /// <summary>
    /// Writes, starts a child that clones, says the child's answer and waits to be killed.
    /// </summary>
    internal static void BeParent(string socket)
    {
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(socket);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(LastChunkOfParent * 65_536);
        Transfer(lun, BlockOperation.Write, 5, 77);

        // The child has this process's input and output, and goes on when it is killed.
        ProcessStartInfo start = new(Environment.ProcessPath!);
        foreach (string argument in new[]
        {
            "clone", socket, "Messages", "ReadWrite", context.GetCloneSource(lun).ToString(),
        })
        {
            start.ArgumentList.Add(argument);
        }

        using Process child = Process.Start(start)!;
        child.WaitForExit();
    }

    private static string Execute(
        SuperpipeContext context, List<VirtualLun> luns, string[] words) => words switch
        {
            ["read", string lun, string lba] =>
                $"{Transfer(luns[Number(lun)], BlockOperation.Read, Number(lba), 0)}",
            ["write", string lun, string lba, string value] =>
                $"{Transfer(luns[Number(lun)], BlockOperation.Write, Number(lba), Number(value))}",
            ["resize", string lun, string blocks] => $"{luns[Number(lun)].Resize(Number(blocks))}",
            ["open", string blocks] => Open(context, luns, Number(blocks)),
            ["clone", string source] =>
                $"cloned {context.CloneFrom(CloneSource.Parse(source)).Count}",
            ["hammer", string lun] => Hammer(luns[Number(lun)]),
            _ => "unknown",
        };

    private static string Open(SuperpipeContext context, List<VirtualLun> luns, int blocks)
    {
        luns.Add(context.OpenVirtualLun(blocks));
        return $"{luns[^1].BlockCount}";
    }

    // Until it is killed.
    private static string Hammer(VirtualLun lun)
    {
        Console.WriteLine("hammering");
        for (int round = 0; ; round = (round + 1) % 64)
        {
            Transfer(lun, BlockOperation.Write, 100 + round, round);
            lun.Resize(65_536 * (1 + (round % 2)));
        }
    }

    private static string Try(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (DeviceException refusal)
        {
            return $"errno {(int)refusal.Errno} status {refusal.Ioasc:x8}";
        }
        catch (InvalidOperationException)
        {
            return "not attached for it";
        }
    }

    private static int Transfer(VirtualLun lun, BlockOperation operation, int lba, int value)
    {
        byte* data = (byte*)NativeMemory.AlignedAlloc(Lun.BlockSize, Lun.BlockSize);
        try
        {
            new Span<byte>(data, Lun.BlockSize).Fill((byte)value);
            lun.Transfer(new BlockTransfer(operation, lba, 1, (nint)data));
            return data[Lun.BlockSize - 1];
        }
        finally
        {
            NativeMemory.AlignedFree(data);
        }
    }

    private static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
