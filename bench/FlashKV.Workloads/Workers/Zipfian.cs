namespace FlashKV.Workloads.Workers;

/// <summary>
/// Ranks from 0, the lower the more frequent, as in YCSB (Gray et al., "Quickly generating
/// billion-record synthetic databases", 1994).
/// </summary>
internal sealed class Zipfian
{
    private const double Theta = 0.99;

    private readonly long _count;
    private readonly double _zeta;
    private readonly double _eta;
    private readonly double _alpha = 1 / (1 - Theta);

    public Zipfian(long count)
    {
        _count = count;
        for (long i = 1; i <= count; i++)
        {
            _zeta += 1 / Math.Pow(i, Theta);
        }

        double two = 1 + Math.Pow(0.5, Theta);
        _eta = (1 - Math.Pow(2.0 / count, 1 - Theta)) / (1 - (two / _zeta));
    }

    /// <summary>The next rank.</summary>
    /// <param name="uniform">A random number from 0 to 1.</param>
    public long Rank(double uniform)
    {
        double scaled = uniform * _zeta;
        if (scaled < 1)
        {
            return 0;
        }

        return scaled < 1 + Math.Pow(0.5, Theta)
            ? 1
            : Math.Min(
                (long)(_count * Math.Pow((_eta * uniform) - _eta + 1, _alpha)), _count - 1);
    }
}
