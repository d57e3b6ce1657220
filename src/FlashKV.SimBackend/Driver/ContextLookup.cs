namespace FlashKV.SimBackend.Driver;

/// <summary>How a context is looked up (SP §3.2).</summary>
[Flags]
internal enum ContextLookup
{
    None = 0,

    /// <summary>The owner is the caller's parent, not the caller.</summary>
    Clone = 2,

    /// <summary>A context in error is found as well.</summary>
    ErrorFallback = 8,
}
