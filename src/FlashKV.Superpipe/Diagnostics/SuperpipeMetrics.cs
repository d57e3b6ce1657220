using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe.Diagnostics;

/// <summary>
/// The meter "FlashKV.Superpipe": sums over the contexts of the process, by device node. Its
/// instruments read counters that are kept anyway, when somebody asks; the command path pays for
/// the blocks alone, and only while somebody listens. Names are in docs/superpipe.md.
/// </summary>
internal static class SuperpipeMetrics
{
    internal const string MeterName = "FlashKV.Superpipe";

    private const string Prefix = "flashkv.superpipe.";
    private const string DeviceTag = "device";
    private const string ReasonTag = "reason";
    private const string OperationTag = "operation";
    private const string OutcomeTag = "outcome";

    private static readonly string[] s_reasons = Enum.GetNames<RetryReason>();
    private static readonly string[] s_operations = ["read", "write", "unmap"];
    private static readonly Lock s_lock = new();
    private static readonly List<ContextCounters> s_live = [];
    private static readonly Dictionary<string, ContextCounters> s_closed = [];
    private static readonly Meter s_meter = new(MeterName);
    private static readonly Counter<long> s_blocks = s_meter.CreateCounter<long>(
        Prefix + "blocks", "{block}", "4,096-byte blocks of the transfers that were begun.");
    private static readonly Histogram<double> s_restores = s_meter.CreateHistogram<double>(
        Prefix + "restore.duration", "s", "Recoveries and context resets, while commands wait.");

    static SuperpipeMetrics()
    {
        Add("commands", "{command}", "Commands that ended well.", c => c.Commands);
        Add("commands.failed", "{command}", "Commands that failed for good.", c => c.Failures);
        Add("commands.held", "{command}", "Not taken back from the adapter.", c => c.Held);
        Add("commands.delayed", "{command}", "Commands sent again after a delay.", c => c.Delays);
        Add("commands.reissued", "{command}", "Sent again by recoveries.", c => c.Reissued);
        Add("responses.stale", "{response}", "Responses to no command.", c => c.StaleResponses);
        Add("room.waits", "{wait}", "Batches that met a lack of rooms.", c => c.RoomWaits);
        Add("unit_attentions", "{call}", "VERIFY calls for those.", c => c.UnitAttentions);
        Add("context.resets", "{reset}", "Context resets.", c => c.ContextResets);
        Add("recoveries", "{recovery}", "Recoveries of a lost adapter.", c => c.Recoveries);
        Add("adapter.errors", "{event}", "Error events and interrupts.", c => c.AdapterErrors);
        s_meter.CreateObservableCounter(
            Prefix + "commands.retried", ObserveRetries, "{command}", "Commands sent again.");
        s_meter.CreateObservableUpDownCounter(
            Prefix + "contexts", ObserveContexts, "{context}", "Contexts that are attached.");
    }

    /// <summary>Begins to report a context.</summary>
    internal static void Register(ContextCounters counters)
    {
        lock (s_lock)
            s_live.Add(counters);
    }

    /// <summary>Ends that; what the context has counted stays in the sums.</summary>
    internal static void Unregister(ContextCounters counters)
    {
        lock (s_lock)
        {
            if (!s_live.Remove(counters))
                return;

            if (!s_closed.TryGetValue(counters.Device, out ContextCounters? sum))
            {
                sum = new ContextCounters(counters.Device);
                s_closed.Add(counters.Device, sum);
            }

            sum.Add(counters);
        }
    }

    /// <summary>Counts the blocks of a batch, if somebody listens.</summary>
    internal static void CountBlocks(string device, ReadOnlySpan<BlockTransfer> batch)
    {
        if (s_blocks.Enabled)
            Count(device, batch);

        static void Count(string device, ReadOnlySpan<BlockTransfer> batch)
        {
            foreach (ref readonly BlockTransfer transfer in batch)
            {
                s_blocks.Add(
                    transfer.BlockCount,
                    new(DeviceTag, device),
                    new(OperationTag, s_operations[(int)transfer.Operation]));
            }
        }
    }

    /// <summary>Records how long a recovery or a context reset took.</summary>
    internal static void RecordRestore(string device, string outcome, TimeSpan duration) =>
        s_restores.Record(
            duration.TotalSeconds, new(DeviceTag, device), new(OutcomeTag, outcome));

    private static void Add(
        string name, string unit, string description, Func<ContextCounters, long> value) =>
        s_meter.CreateObservableCounter(Prefix + name, () => Observe(value), unit, description);

    private static List<Measurement<long>> Observe(Func<ContextCounters, long> value) =>
        [.. Sum().Select(sum => new Measurement<long>(
            value(sum), new KeyValuePair<string, object?>(DeviceTag, sum.Device)))];

    private static List<Measurement<long>> ObserveRetries()
    {
        List<Measurement<long>> measurements = [];
        foreach (ContextCounters sum in Sum())
        {
            for (int reason = 0; reason < s_reasons.Length; reason++)
            {
                long count = sum.CountRetries((RetryReason)reason);
                TagList tags = new()
                {
                    { DeviceTag, sum.Device },
                    { ReasonTag, s_reasons[reason] },
                };
                measurements.Add(new Measurement<long>(count, tags));
            }
        }

        return measurements;
    }

    private static List<Measurement<long>> ObserveContexts()
    {
        lock (s_lock)
        {
            return [.. s_live.GroupBy(counters => counters.Device).Select(group =>
                new Measurement<long>(
                    group.Count(), new KeyValuePair<string, object?>(DeviceTag, group.Key)))];
        }
    }

    private static Dictionary<string, ContextCounters>.ValueCollection Sum()
    {
        Dictionary<string, ContextCounters> sums = [];
        lock (s_lock)
        {
            foreach (ContextCounters counters in s_closed.Values.Concat(s_live))
            {
                if (!sums.TryGetValue(counters.Device, out ContextCounters? sum))
                {
                    sum = new ContextCounters(counters.Device);
                    sums.Add(counters.Device, sum);
                }

                sum.Add(counters);
            }
        }

        return sums.Values;
    }
}
