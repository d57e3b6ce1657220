using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// What the client knows of one command block: one cache line of unmanaged memory, beside the block
/// and never seen by the AFU. The batch that claimed the block owns it, but for the time in flight,
/// when it belongs to the harvester.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal unsafe struct CommandState
{
    internal const int SizeInBytes = 64;

    /// <summary>The batch, on the stack of the thread that waits for it.</summary>
    internal CommandBatch* Batch;

    /// <summary>When to send it again, while it is in a list of delayed commands.</summary>
    internal long Due;

    /// <summary>The next block of the list that the block is in, or -1.</summary>
    internal int Next;

    internal CommandStatus Status;

    internal int Retries;

    /// <summary>1 when the AFU reported a storage fault on this command.</summary>
    internal int Faulted;
}
