using FlashKV.Memory;

namespace FlashKV.Snapshots;

/// <summary>
/// Keeps writers out for the moment in which a snapshot takes its cut of all shards. A writer looks
/// once it is inside an operation; if the gate is shut, it leaves the operation and waits here.
/// </summary>
internal sealed class WriteGate
{
    private int _isShut;

    /// <summary>
    /// Whether no operation may write now. What it says holds until the operation that asks ends.
    /// </summary>
    public bool IsShut => Volatile.Read(ref _isShut) != 0;

    /// <summary>
    /// Keeps new writers out, and returns when the last one is gone. One thread at a time; it is
    /// not inside an operation.
    /// </summary>
    public void Shut()
    {
        // An operation that began before the wait is waited for; a later one sees the gate shut.
        Volatile.Write(ref _isShut, 1);
        Epoch.WaitForQuiescence();
    }

    public void Open() => Volatile.Write(ref _isShut, 0);

    /// <summary>Returns when the gate is open. The caller is not inside an operation.</summary>
    public void WaitUntilOpen()
    {
        SpinWait spin = default;
        while (IsShut)
        {
            spin.SpinOnce();
        }
    }
}
