using System.Text.Json.Serialization;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Workers;

/// <summary>A line that a worker answers with.</summary>
internal sealed record class WorkerReply
{
    /// <summary>What went wrong; null if nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>The store's settings.</summary>
    public string Settings { get; init; } = "";

    /// <summary>Whether the store is ordered.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>The operations that were counted.</summary>
    public long Operations { get; init; }

    /// <summary>How long they took.</summary>
    public double Seconds { get; init; }

    /// <summary>Processor time of the whole process meanwhile.</summary>
    public double ProcessorSeconds { get; init; }

    /// <summary>Managed memory allocated meanwhile.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Bytes of keys and values that were written meanwhile.</summary>
    public long UserBytesWritten { get; init; }

    /// <summary>Bytes that the process caused to be written to the medium meanwhile.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes that the store's files take afterwards; 0 where nobody looked.</summary>
    public long BytesKept { get; init; }

    /// <summary>The most memory that the process ever had resident.</summary>
    public long PeakBytes { get; init; }

    /// <summary>Of the operations that were timed one by one.</summary>
    public LatencySummary Latency { get; init; }

    /// <summary>The rate.</summary>
    [JsonIgnore]
    public double OperationsPerSecond => Operations / Seconds;

    /// <summary>What a run of this or another process makes.</summary>
    public static WorkerReply Of(Sample sample) => new()
    {
        Operations = sample.Operations,
        Seconds = sample.Seconds,
        ProcessorSeconds = sample.ProcessorSeconds,
        AllocatedBytes = sample.AllocatedBytes,
    };
}
