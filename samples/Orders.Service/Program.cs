using System.Diagnostics;
using System.Globalization;
using FlashKV;
using FlashKV.Samples.Orders;

// A service that writes orders, and lets another process look at them. See samples/README.md.
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Orders.Service DIR [--seconds N] [--report FILE.svg]");
    return 2;
}

int seconds = Option("--seconds") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 10;
string? report = Option("--report");
using FlashStore store = FlashStore.Open(
    args[0], new FlashStoreOptions { AllowClones = true, Durability = Durability.Buffered });
using CancellationTokenSource stop = new();
OrderWriter[] writers = [new(store, first: 0, step: 2), new(store, first: 1, step: 2)];
Task[] writing = [.. writers.Select(
    writer => Task.Factory.StartNew(
        () => writer.Run(stop.Token), TaskCreationOptions.LongRunning))];

Task<int> reporting = Task.FromResult(0);
for (int second = 0; second < seconds; second++)
{
    if (second == seconds / 2 && report is not null)
    {
        reporting = ReportAsync(report);
    }

    await Task.Delay(TimeSpan.FromSeconds(1));
    long orders = writers.Sum(static writer => writer.TakeCount());
    TimeSpan longest = writers.Max(static writer => writer.TakeLongest());
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{orders,10:N0} orders in the last second, "
        + $"longest put {longest.TotalMilliseconds:F2} ms"));
}

int status = await reporting;
await stop.CancelAsync();
await Task.WhenAll(writing);
return status;

// The analytics process reads the store as it is now, from the same file; the writers go on.
async Task<int> ReportAsync(string file)
{
    string program = Path.Combine(AppContext.BaseDirectory, "Orders.Analytics.dll");
    ProcessStartInfo start = new("dotnet", [program, file]) { UseShellExecute = false };
    await using StoreClone clone = await store.CloneToAsync(start);
    await clone.Process.WaitForExitAsync();
    return clone.Process.ExitCode;
}

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
