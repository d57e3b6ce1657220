using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Tests;

/// <summary>The examples of docs/testing-with-faults.md, which this compiles and runs.</summary>
public sealed class FaultExampleTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("flashkv-faults-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Money_is_neither_made_nor_lost_wherever_the_power_is_cut(int seed)
    {
        bool wasCut = true;
        for (long change = 0; wasCut; change++)
        {
            wasCut = CutAt(change, seed, Path.Combine(_root, $"{change}"));
        }
    }

    [Fact]
    public void Busy_links_and_resets_are_longer_calls()
    {
        using var memory = new MemoryMedium(2 * 65_536);
        using var adapter = new SimulatedAdapter(memory);
        using SuperpipeDevice device =
            SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        using FlashStore store = FlashStore.Open(device, _root, new()
        {
            Shards = 1,
            Attachment = new() { RetryDelay = TimeSpan.Zero },
        });

        adapter.InjectFaults(CommandFault.Busy, oneIn: 100, seed: 1);
        for (int i = 0; i < 200; i++)
        {
            store.Put(BitConverter.GetBytes(i), "value"u8);
            if (i % 50 == 0)
            {
                adapter.Reset();
            }
        }

        Assert.Equal(200, store.GetStatistics().Keys);
    }

    // Each block of code of the page is here, line by line.
    [Fact]
    public void The_page_shows_what_is_run_here()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "FlashKV.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        string page = File.ReadAllText(Path.Combine(root, "docs", "testing-with-faults.md"));
        string source = Flat(File.ReadAllText(
            Path.Combine(root, "tests", "FlashKV.Tests", "FaultExampleTests.cs")));
        string[] blocks = [.. page.Split("```csharp\n").Skip(1)
            .Select(static part => part.Split("```")[0])];

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(Flat(block), source, StringComparison.Ordinal));
    }

    private static bool CutAt(long change, int seed, string directory)
    {
        using var memory = new MemoryMedium(2 * 65_536);
        using var medium = new FaultyMedium(memory, seed);
        medium.CutPowerAt(change);
        int acknowledged = 0;
        try
        {
            Use(medium, directory, store =>
            {
                Transfer(store, 100, 0);
                for (int i = 1; i <= 3; i++)
                {
                    Transfer(store, 100 - i, i);
                    acknowledged = i;
                }
            });
        }
        catch (IOException) when (!medium.IsPowered)
        {
            // The store, or the device below it, says that it cannot go on.
        }

        bool wasCut = !medium.IsPowered;
        medium.RestorePower();
        File.Delete(Path.Combine(directory, "staging"));
        Use(medium, directory, store => Check(store, acknowledged));
        return wasCut;
    }

    private static void Use(Medium medium, string directory, Action<FlashStore> work)
    {
        using var adapter = new SimulatedAdapter(medium);
        using SuperpipeDevice device =
            SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        using FlashStore store = FlashStore.Open(device, directory, new() { Shards = 1 });
        work(store);
    }

    // The code under test.
    private static void Transfer(FlashStore store, int giver, int taker)
    {
        using WriteBatch batch = store.CreateBatch();
        batch.Put("giver"u8, BitConverter.GetBytes(giver));
        batch.Put("taker"u8, BitConverter.GetBytes(taker));
        batch.Commit(Durability.Durable);
    }

    private static void Check(FlashStore store, int acknowledged)
    {
        byte[]? giver = store.Get("giver"u8);
        byte[]? taker = store.Get("taker"u8);
        int has = taker is null ? 0 : BitConverter.ToInt32(taker);
        Assert.Equal(giver is null, taker is null);
        Assert.True(has >= acknowledged);
        Assert.True(giver is null || BitConverter.ToInt32(giver) + has == 100);
    }

    private static string Flat(string text) =>
        string.Join('\n', text.Split('\n').Select(static line => line.Trim())
            .Where(static line => line.Length != 0));
}
