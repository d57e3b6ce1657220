using System.Globalization;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Reader;

/// <summary>
/// <c>FlashKV.Reader</c>: opens the clone that it was started for; <c>FlashKV.Reader DIRECTORY</c>:
/// one of the store in a directory; <c>FlashKV.Reader device SOCKET</c>: the one that it was
/// started for, on the device of an adapter that is served there. Says "open", or what was refused,
/// and answers a line a command until its input ends. <c>FlashKV.Reader store DIRECTORY</c>: see
/// <see cref="StoreOwner"/>; <c>FlashKV.Reader backup</c> and <c>restore</c>: see
/// <see cref="BackupMaker"/>.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["store", string own])
        {
            return StoreOwner.Run(own);
        }

        if (arguments is ["backup" or "restore", string from, string to])
        {
            return BackupMaker.Run(arguments[0] == "backup", from, to);
        }

        using SharedAdapterTransport? transport = arguments is ["device", string socket]
            ? SharedAdapterTransport.Connect(socket) : null;
        using SuperpipeDevice? device = transport is null
            ? null : SuperpipeDevice.Open(transport, "/dev/sg0");
        ClonedStore? clone = null;
        Answer(() =>
        {
            clone = device is not null ? FlashStore.OpenClone(device)
                : arguments is [string directory] ? FlashStore.OpenClone(directory)
                : FlashStore.OpenClone();
            return "open";
        });
        if (clone is null)
        {
            return 1;
        }

        using (clone)
        {
            while (Console.ReadLine() is { } line)
            {
                Answer(() => Execute(clone, line.Split(' ')));
            }
        }

        return 0;
    }

    private static string Execute(ClonedStore clone, string[] words) => words switch
    {
        ["contents"] => $"{Contents.Of(clone)}",
        ["get", string key] => Text(clone.Get(System.Text.Encoding.UTF8.GetBytes(key))),
        ["many", string keys] => Many(clone, keys.Split(',')),
        ["sequence", string shard] =>
            $"{clone.GetSequence(int.Parse(shard, CultureInfo.InvariantCulture))}",
        ["keys"] => $"{clone.GetStatistics().Keys}",
        ["ended"] => WaitForEnd(clone),
        ["close"] => Close(clone),
        ["again"] => OpenAgain(),
        ["forever"] => ReadForever(clone),
        _ => "unknown",
    };

    private static string Many(ClonedStore clone, string[] keys)
    {
        GetManyResult results = new();
        clone.GetMany(
            [.. keys.Select(key => new ReadOnlyMemory<byte>(
                System.Text.Encoding.UTF8.GetBytes(key)))],
            results);
        return string.Join(
            ',',
            keys.Select((_, i) => results.IsFound(i) ? Text(results[i].ToArray()) : "-"));
    }

    private static string WaitForEnd(ClonedStore clone)
    {
        SpinWait.SpinUntil(() => clone.Ended is not null);
        return $"{clone.Ended}";
    }

    private static string Close(ClonedStore clone)
    {
        clone.Dispose();
        return "closed";
    }

    private static string OpenAgain()
    {
        using ClonedStore second = FlashStore.OpenClone();
        return "open";
    }

    // Until it is killed, or the clone ends. Each round must read what the first one has.
    private static string ReadForever(ClonedStore clone)
    {
        string first = $"{Contents.Of(clone)}";
        Console.WriteLine(first);
        while (true)
        {
            string again = $"{Contents.Of(clone)}";
            if (again != first)
            {
                return $"{again} after {first}";
            }
        }
    }

    private static string Text(byte[]? value) =>
        value is null ? "-" : System.Text.Encoding.UTF8.GetString(value);

    private static void Answer(Func<string> action)
    {
        try
        {
            Console.WriteLine(action());
        }
        catch (CloneRefusedException refusal)
        {
            Console.WriteLine($"refused {refusal.Reason}");
        }
        catch (CloneEndedException end)
        {
            Console.WriteLine($"ended {end.Reason}");
        }
        catch (Exception failure)
            when (failure is FlashStoreException or ObjectDisposedException or IOException)
        {
            Console.WriteLine(
                $"failed {failure.GetType().Name} {failure.Message.ReplaceLineEndings(" ")}");
        }
    }
}
