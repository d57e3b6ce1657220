namespace FlashKV.Workloads.Stores;

/// <summary>An open store. Disposing closes it in good order.</summary>
internal interface IStore : IDisposable
{
    /// <summary>The settings that it runs with, for people.</summary>
    string Settings { get; }

    /// <summary>Whether it can scan in the order of its keys.</summary>
    bool IsOrdered { get; }

    /// <summary>
    /// Opens what one thread works through; that thread uses it alone and disposes it.
    /// </summary>
    /// <returns>The session.</returns>
    IStoreSession OpenSession();

    /// <summary>Returns when everything acknowledged is on stable storage.</summary>
    void Flush();

    /// <summary>Returns when background work that is due has been done.</summary>
    void Settle();
}
