using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Diagnostics;

public sealed class SuperpipeMetricsTests : IDisposable
{
    private readonly Dictionary<string, double> _values = [];
    private readonly MeterListener _listener = new();

    // Every test uses a node of its own, since the sums of a node last as long as the process.
    private string _node = "";

    public SuperpipeMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "FlashKV.Superpipe")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Counters_outlive_the_context_that_counted() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        adapter.Script = command => command.Ordinal switch
        {
            3 => ScriptedAnswer.FcError(SislFcRc.LinkDown),
            4 or 5 => ScriptedAnswer.ScsiError(SislScsiRc.Busy),
            _ => ScriptedAnswer.Good,
        };
        using (Rig rig = NewRig(adapter, "/dev/sg-counters"))
        {
            TransferTests.RoundTrip(rig, 20, 0);
            adapter.Reset();
            TransferTests.RoundTrip(rig, 20, 0);
            Observe();
            Assert.Equal(1, _values["contexts"]);
            Assert.Equal(80, _values["commands"]);
            Assert.Equal(1, rig.Context.CountRetries(RetryReason.LinkDown));
            Assert.Equal(2, rig.Context.CountRetries(RetryReason.Busy));
        }

        Observe();
        Assert.False(_values.ContainsKey("contexts"));
        Assert.Equal(80, _values["commands"]);
        Assert.Equal(1, _values["commands.retried LinkDown"]);
        Assert.Equal(2, _values["commands.retried Busy"]);
        Assert.Equal(0, _values["commands.retried Timeout"]);
        Assert.Equal(2, _values["commands.delayed"]);
        Assert.Equal(1, _values["recoveries"]);
        Assert.Equal(0, _values["context.resets"]);
        Assert.Equal(0, _values["commands.failed"]);
    });

    [Fact]
    public async Task Blocks_are_counted_by_operation()
    {
        using Rig rig = NewRig(new ScriptedAdapter(), "/dev/sg-blocks");
        using BlockBuffer buffer = new(10);
        double before = _values.GetValueOrDefault("blocks write");

        rig.Lun.Transfer([Rig.Write(0, buffer, 0, 7), new(BlockOperation.Unmap, 20, 5, 0)]);
        await rig.Lun.TransferAsync(Rig.Write(0, buffer, 0, 2));
        await rig.Lun.TransferAsync(new[] { Rig.Write(0, buffer, 0, 1) });

        Assert.Equal(10, _values["blocks write"] - before);
        Assert.Equal(5, _values["blocks unmap"]);
    }

    [Fact]
    public void A_recovery_is_an_activity_and_a_duration() => Threads.RunOne(() =>
    {
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "FlashKV.Superpipe",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if ((string?)activity.GetTagItem("device") == "/dev/sg-activity")
                    activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
        bool isLost = false;
        adapter.Script = command =>
        {
            if (command.Ordinal == 10 && !isLost)
            {
                isLost = true;
                adapter.Reset();
            }

            return ScriptedAnswer.Good;
        };
        using Rig rig = NewRig(adapter, "/dev/sg-activity");
        TransferTests.RoundTrip(rig, 20, 0);
        adapter.Refuse(IoctlRequest.RecoverAfu, Errno.NoDevice);
        adapter.Reset();
        Assert.Throws<DeviceException>(() => TransferTests.RoundTrip(rig, 1, 0));

        Assert.Equal(
            [
                ("superpipe.restore", "Lost", "recovered", 10L),
                ("superpipe.restore", "Lost", "gone", 0L),
            ],
            activities.Select(activity => (
                activity.OperationName,
                (string)activity.GetTagItem("reason")!,
                (string)activity.GetTagItem("outcome")!,
                (long)activity.GetTagItem("commands")!)));
        Assert.Equal(ActivityStatusCode.Error, activities[1].Status);
        Assert.All(
            activities, activity => Assert.True((double)activity.GetTagItem("waited")! >= 0));
        Assert.True(_values.ContainsKey("restore.duration recovered"));
        Assert.True(_values.ContainsKey("restore.duration gone"));
    });

    private Rig NewRig(ScriptedAdapter adapter, string node)
    {
        _node = node;
        return new Rig(
            adapter,
            new AttachOptions { CommandBlocks = 64, Clock = new ManualClock() },
            node: node);
    }

    private void Observe()
    {
        lock (_values)
            _values.Clear();
        _listener.RecordObservableInstruments();
    }

    private void Note(
        Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string name = instrument.Name["flashkv.superpipe.".Length..];
        bool isOurs = false;
        foreach ((string tag, object? content) in tags)
        {
            if (tag == "device")
                isOurs = (string)content! == _node;
            else
                name += " " + content;
        }

        if (!isOurs)
            return;
        lock (_values)
        {
            _values[name] = instrument is Counter<long>
                ? _values.GetValueOrDefault(name) + value
                : value;
        }
    }
}
