namespace FlashKV.SimBackend.Afu;

/// <summary>
/// One mapping of a context's window. It holds the context's file open, as a mapping of a real
/// descriptor does.
/// </summary>
/// <param name="file">What is mapped; the driver knows its type.</param>
/// <param name="context">The context whose registers they are.</param>
internal sealed class RegisterMapping(object file, AfuContext context)
{
    private int _isRemoved;

    /// <summary>What is mapped.</summary>
    internal object File => file;

    /// <summary>The context whose registers they are.</summary>
    internal AfuContext Context => context;

    /// <summary>Removes the mapping.</summary>
    /// <returns>Whether it was still there.</returns>
    internal bool TryRemove() => Interlocked.Exchange(ref _isRemoved, 1) == 0;
}
