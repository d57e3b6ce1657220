using FlashKV.SimBackend.Driver;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// An open file of a client: one end of a socket pair here, the other in the client and wherever
/// its copies went. When the last of them is closed, this end hangs up.
/// </summary>
/// <remarks>
/// <see cref="ClosingMarks"/> and <see cref="HasHungUp"/> are guarded by the registry's lock.
/// </remarks>
internal sealed class SharedFile(
    ulong id,
    ClientProcess owner,
    OpenFile file,
    int descriptor,
    PacketSocket near,
    DriveWorkers workers)
{
    /// <summary>The inode of the client's end.</summary>
    internal ulong Id => id;

    /// <summary>The process that opened it.</summary>
    internal ClientProcess Owner => owner;

    /// <summary>The file as the drivers know it.</summary>
    internal OpenFile File => file;

    /// <summary>Its descriptor in the owner, as the drivers know it.</summary>
    internal int Descriptor => descriptor;

    /// <summary>The end that stays here.</summary>
    internal PacketSocket Near => near;

    /// <summary>What it is.</summary>
    internal SharedFileKind Kind => file switch
    {
        ContextFile => SharedFileKind.Context,
        DeviceFile => SharedFileKind.Device,
        _ => SharedFileKind.Host,
    };

    /// <summary>The context behind it, if it is one.</summary>
    internal ServedContext? Context { get; } = file is ContextFile context
        ? new ServedContext(context.Afu, near, workers) : null;

    /// <summary>How many connections have announced that they are closing a copy.</summary>
    internal int ClosingMarks { get; set; }

    /// <summary>Whether no copy is left, though the drivers have not been told.</summary>
    internal bool HasHungUp { get; set; }
}
