using FlashKV.SimBackend;
using FlashKV.SimBackend.Afu;

namespace FlashKV.Workloads.Resets;

/// <summary>
/// Lets one command in a thousand fail, by a seeded chance, in each way that is worth another try.
/// </summary>
internal sealed class FaultDisturbance(int seed) : IDisturbance
{
    private const int Interval = 1000;

    private readonly List<(PassingEnding Ending, FaultChance Chance)> _faults = [];

    public long Count => _faults.Sum(fault => fault.Chance.Struck);

    /// <summary>How often each way has struck.</summary>
    public IEnumerable<string> Parts =>
        _faults.Select(fault => $"{fault.Ending.Name}: {fault.Chance.Struck:N0}");

    /// <summary>How often the client has to send a command again for it, by reason.</summary>
    public long CountOf(Superpipe.RetryReason reason) => _faults
        .Where(fault => fault.Ending.Reason == reason)
        .Sum(fault => fault.Chance.Struck);

    public void Run(SimulatedAdapter adapter, TimeSpan duration)
    {
        IReadOnlyList<PassingEnding> endings = PassingEnding.All;
        for (int i = 0; i < endings.Count; i++)
        {
            _faults.Add((endings[i], adapter.Afu.Faults.AddChance(
                PlannedFault.Of(endings[i].Ending), Interval * endings.Count, seed + i)));
        }

        using ManualResetEventSlim never = new();
        never.Wait(duration);
    }
}
