namespace FlashKV.SimBackend.Afu;

/// <summary>
/// One mapping of a context's window. It holds the context's file open, as a mapping of a real
/// descriptor does.
/// </summary>
/// <param name="file">What is mapped; the driver knows its type.</param>
internal sealed class RegisterMapping(object file)
{
    private int _isRemoved;

    /// <summary>What is mapped.</summary>
    internal object File => file;

    /// <summary>Removes the mapping.</summary>
    /// <returns>Whether it was still there.</returns>
    internal bool TryRemove() => Interlocked.Exchange(ref _isRemoved, 1) == 0;
}
