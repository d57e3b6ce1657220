using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Where the harvester leaves what a waiting thread waits for. Lies on that thread's stack, which
/// is sound because the thread does not leave before every command of the batch has ended, and
/// because adding to <see cref="Completed"/> is the harvester's last touch of a command.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CommandBatch
{
    /// <summary>
    /// Commands that ended well. Written by the holder of the harvester role only.
    /// </summary>
    internal long Completed;

    /// <summary>
    /// A stack of commands that the owner must look at, linked by <see cref="CommandState.Next"/>;
    /// -1 when empty. Others push one at a time, the owner takes all at once: no ABA.
    /// </summary>
    internal int Returned;

    /// <summary>An empty batch.</summary>
    internal static CommandBatch Empty => new() { Returned = -1 };
}
