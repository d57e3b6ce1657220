using System.Diagnostics.CodeAnalysis;

namespace FlashKV.Shards;

/// <summary>
/// The first failure of a write or of background work. From then on every write says so, since what
/// reached the device is not known.
/// </summary>
internal sealed class StoreFault
{
    private Exception? _cause;

    public Exception? Cause => Volatile.Read(ref _cause);

    public void Set(Exception cause) => Interlocked.CompareExchange(ref _cause, cause, null);

    public void ThrowIfSet()
    {
        if (Volatile.Read(ref _cause) is { } cause)
        {
            Throw(cause);
        }
    }

    [DoesNotReturn]
    private static void Throw(Exception cause) => throw new StoreFaultedException(cause);
}
