namespace FlashKV.Workloads.Stores;

/// <summary>A store that can be measured.</summary>
internal interface IStoreKind
{
    /// <summary>What it is called after <c>--stores</c> and in reports.</summary>
    string Name { get; }

    /// <summary>The classes in which it can run.</summary>
    IReadOnlyList<DurabilityClass> Classes { get; }

    /// <summary>Why it cannot run on this machine; null if it can.</summary>
    string? Obstacle => null;

    /// <summary>Opens it, or makes it anew in an empty directory.</summary>
    /// <param name="setup">What for.</param>
    /// <returns>The open store.</returns>
    IStore Open(StoreSetup setup);
}
