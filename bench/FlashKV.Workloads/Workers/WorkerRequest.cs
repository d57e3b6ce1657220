namespace FlashKV.Workloads.Workers;

/// <summary>A line that a worker gets: one thing to do.</summary>
/// <param name="Do">What.</param>
internal sealed record class WorkerRequest(WorkerTask Do)
{
    /// <summary>The threads that do it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>How long.</summary>
    public double Seconds { get; init; }

    /// <summary>
    /// For how long after that each operation is timed, which is not counted in the rate.
    /// </summary>
    public double TimedSeconds { get; init; }

    /// <summary>The workload.</summary>
    public string Mix { get; init; } = "C";

    /// <summary>Whether some records are used more than others.</summary>
    public bool IsZipfian { get; init; }

    /// <summary>The keys of a <c>GetMany</c>.</summary>
    public int BatchKeys { get; init; }

    /// <summary>The seed of the choices.</summary>
    public int Seed { get; init; } = 1;
}
