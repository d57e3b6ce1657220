namespace FlashKV.Workloads.Harness;

/// <summary>
/// Measurements that are to be compared. Their runs alternate, every second round backwards, so
/// that a machine which is slow for a while is slow for all of them.
/// </summary>
/// <param name="rounds">
/// How often each is run; once more before that, uncounted, unless once is all there is.
/// </param>
internal sealed class Comparison(int rounds)
{
    private readonly List<Measurement> _measurements = [];

    public IReadOnlyList<Measurement> Measurements => _measurements;

    /// <summary>Adds something to measure.</summary>
    /// <param name="name">What it is called in the report.</param>
    /// <param name="run">Runs it once.</param>
    public Measurement Add(string name, Func<Sample> run)
    {
        Measurement measurement = new(name, run);
        _measurements.Add(measurement);
        return measurement;
    }

    /// <summary>Runs all of them.</summary>
    public void Run()
    {
        if (rounds > 1)
        {
            _measurements.ForEach(measurement => measurement.WarmUp());
        }

        for (int round = 0; round < rounds; round++)
        {
            IEnumerable<Measurement> order = _measurements;
            foreach (Measurement measurement in round % 2 == 0 ? order : order.Reverse())
            {
                measurement.Run();
            }
        }
    }
}
