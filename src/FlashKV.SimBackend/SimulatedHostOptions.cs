using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <summary>What a <see cref="SimulatedHost"/> is made of.</summary>
public sealed record class SimulatedHostOptions
{
    /// <summary>The most adapters of a host.</summary>
    public const int MaxAdapters = CxlflashLimits.MaxAdapters;

    /// <summary>The adapters, at least one.</summary>
    public IReadOnlyList<SimulatedAdapterOptions> Adapters { get; init; } = [];

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One of them is out of range.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Adapters);
        if (Adapters.Count is < 1 or > MaxAdapters)
        {
            throw new ArgumentException(
                $"A simulated host has 1 to {MaxAdapters} adapters, not {Adapters.Count}.",
                nameof(Adapters));
        }

        foreach (SimulatedAdapterOptions adapter in Adapters)
        {
            ArgumentNullException.ThrowIfNull(adapter);
            adapter.Validate();
        }
    }
}
