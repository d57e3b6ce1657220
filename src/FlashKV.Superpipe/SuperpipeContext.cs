using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Control;

namespace FlashKV.Superpipe;

/// <summary>
/// A context: a process's seat on the adapter, with a register window, command blocks and a
/// response queue of its own. LUNs are opened in it.
/// </summary>
/// <remarks>
/// All members may be used by any number of threads at once. No thread is started: a thread that
/// waits for its own transfers also settles those of others, and asynchronous ones are carried on by
/// the thread pool while there are any. When the adapter is lost, the context
/// is recovered and what was in flight is sent again; callers see latency only. When the driver
/// says that the adapter is gone, every call throws <see cref="DeviceException"/> with
/// <see cref="Errno.NoDevice"/> from then on.
/// </remarks>
public abstract class SuperpipeContext : IDisposable
{
    private protected SuperpipeContext(AttachOptions options)
    {
        Access = options.Access;
        CommandBlocks = options.RoundedCommandBlocks;
    }

    /// <summary>
    /// How many commands of this process could not be taken back from an adapter; 0 unless a device
    /// fell silent for good. Otherwise memory of buffers that were under way in failed transfers has
    /// to be kept; see <see cref="DeviceException.HoldsBuffers"/>.
    /// </summary>
    public static long HeldCommandsOfProcess => ContextCounters.HeldOfProcess;

    /// <summary>The driver's id of the context; it changes when the context is recovered.</summary>
    public abstract ulong Id { get; }

    /// <summary>
    /// The descriptor of the context ("fd2"); it changes when the context is recovered.
    /// </summary>
    public abstract int Descriptor { get; }

    /// <summary>What the context may do with its LUNs.</summary>
    public DeviceAccess Access { get; }

    /// <summary>The most commands that can be in flight.</summary>
    public int CommandBlocks { get; }

    /// <summary>
    /// The commands that could be begun at this moment; a hint, since other threads begin and end
    /// theirs. See <see cref="Lun.TryTransfer"/>.
    /// </summary>
    public abstract int FreeRooms { get; }

    /// <summary>
    /// Whether the adapter takes commands from a ring instead of by one register write each.
    /// </summary>
    public abstract bool UsesSubmissionQueue { get; }

    /// <summary>Whether unmapping gives blocks back, rather than writing zeros.</summary>
    public abstract bool CanUnmap { get; }

    /// <summary>
    /// The last 4,096-byte block of the physical LUN that the context was attached to; -1 when it
    /// has none.
    /// </summary>
    public abstract long LastLba { get; }

    /// <summary>Opens a virtual LUN on the LUN that the context was attached to.</summary>
    /// <param name="blocks">
    /// The wanted size in 4,096-byte blocks, 0 or more; the driver rounds up to whole chunks.
    /// </param>
    /// <returns>
    /// The LUN. It is smaller than wanted where the physical LUN has less left:
    /// <see cref="Lun.BlockCount"/> tells.
    /// </returns>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.NoSpace"/> when nothing is left,
    /// <see cref="Errno.InvalidArgument"/> while the LUN is open as a physical one,
    /// <see cref="Errno.TooManyOpen"/> when the context has no handle left.
    /// </exception>
    public VirtualLun OpenVirtualLun(long blocks) =>
        OpenVirtual(null, blocks);

    /// <summary>Opens a virtual LUN on a LUN added with <see cref="AddDevice"/>.</summary>
    /// <param name="device">The device.</param>
    /// <param name="blocks">The wanted size in 4,096-byte blocks, 0 or more.</param>
    /// <returns>The LUN.</returns>
    /// <exception cref="ArgumentException">The device was not added.</exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public VirtualLun OpenVirtualLun(SuperpipeDevice device, long blocks)
    {
        ArgumentNullException.ThrowIfNull(device);
        return OpenVirtual(device, blocks);
    }

    /// <summary>Opens the LUN that the context was attached to, as a whole.</summary>
    /// <returns>The LUN.</returns>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.InvalidArgument"/> while it has virtual ones.
    /// </exception>
    public PhysicalLun OpenPhysicalLun() => OpenPhysical(null);

    /// <summary>Opens a LUN added with <see cref="AddDevice"/>, as a whole.</summary>
    /// <param name="device">The device.</param>
    /// <returns>The LUN.</returns>
    /// <exception cref="ArgumentException">The device was not added.</exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public PhysicalLun OpenPhysicalLun(SuperpipeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return OpenPhysical(device);
    }

    /// <summary>Adds another LUN of the same adapter to the context.</summary>
    /// <param name="device">A device of the same transport, not in the context yet.</param>
    /// <exception cref="ArgumentException">The device is of another transport.</exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public abstract void AddDevice(SuperpipeDevice device);

    /// <summary>
    /// Takes a LUN that was attached or added out of the context again. Its virtual and physical LUNs
    /// are released; the context lives on with the others.
    /// </summary>
    /// <param name="device">The device, which is in the context and is not its only one.</param>
    /// <exception cref="ArgumentException">The device is not in the context.</exception>
    /// <exception cref="InvalidOperationException">
    /// It is the only one: dispose of the context instead.
    /// </exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public abstract void RemoveDevice(SuperpipeDevice device);

    /// <summary>
    /// Names this context and LUNs of it, for a child process to clone with
    /// <see cref="CloneFrom"/>.
    /// </summary>
    /// <param name="luns">The LUNs, in the order in which the child is to get them.</param>
    /// <returns>What to hand to the child.</returns>
    /// <exception cref="ArgumentException">A LUN is of another context.</exception>
    /// <exception cref="ObjectDisposedException">A LUN was released.</exception>
    public CloneSource GetCloneSource(params ReadOnlySpan<VirtualLun> luns)
    {
        uint[] handles = new uint[luns.Length];
        for (int i = 0; i < luns.Length; i++)
            handles[i] = GetHandle(luns[i]);
        return new CloneSource(Id, handles);
    }

    /// <summary>
    /// Takes over the virtual LUNs of a context of the parent process. Blocks are shared, not
    /// copied: what one writes, the other reads. A chunk is free again when the last of both has
    /// given it up, whoever ends first; sizes go their own ways from here on.
    /// </summary>
    /// <param name="source">What the parent's <see cref="GetCloneSource"/> gave.</param>
    /// <returns>
    /// The LUNs that it names, in its order. The context takes over the other virtual LUNs of the
    /// parent's as well and keeps them until it is disposed of.
    /// </returns>
    /// <remarks>
    /// The context must have no LUN open, and its device be one of the parent's context; other
    /// devices of that are added with <see cref="AddDevice"/> before. What may be done with the
    /// LUNs is what both contexts were attached for: a write that the parent's does not allow is
    /// refused by the adapter.
    /// </remarks>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.InvalidArgument"/> when the source is not a context of
    /// the parent process (any more), when this context has LUNs open, or when a LUN is on a device
    /// that was not added.
    /// </exception>
    public abstract IReadOnlyList<VirtualLun> CloneFrom(CloneSource source);

    /// <summary>
    /// The resource handle of a LUN of this context; a recovery of the context does not change it.
    /// </summary>
    /// <param name="lun">The LUN.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="ArgumentException">The LUN is of another context.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public uint GetHandle(Lun lun) => HandleOf(lun).Handle;

    /// <summary>Asks the driver to look at a LUN again, and takes over its size.</summary>
    /// <param name="lun">The LUN.</param>
    /// <exception cref="ArgumentException">The LUN is of another context.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public void Verify(Lun lun)
    {
        Errno errno = Verify(HandleOf(lun), default);
        if (errno != Errno.None)
            throw new DeviceException("VERIFY", errno);
    }

    /// <summary>The counters since the context was attached.</summary>
    /// <returns>The counters, each exact, not all of one moment.</returns>
    public abstract ContextStatistics GetStatistics();

    /// <summary>Counts the commands that were sent again for one reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count since the context was attached.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such reason.</exception>
    public abstract long CountRetries(RetryReason reason);

    /// <summary>
    /// Waits for the transfers under way, releases the LUNs and detaches. Transfers that do not end
    /// within 5 seconds are given up; virtual LUNs lose their blocks with the last detach.
    /// </summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    internal abstract VirtualLun OpenVirtual(SuperpipeDevice? device, long blocks);

    internal abstract PhysicalLun OpenPhysical(SuperpipeDevice? device);

    internal abstract void Resize(LunHandle lun, long blocks);

    internal abstract Errno Verify(LunHandle lun, ReadOnlySpan<byte> sense);

    internal abstract void Release(LunHandle lun);

    internal abstract bool Transfer(LunHandle lun, ReadOnlySpan<BlockTransfer> batch, int commands);

    internal abstract SteppedBatch Begin(LunHandle lun, ReadOnlyMemory<BlockTransfer> batch);

    internal abstract bool TryBegin(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> batch,
        int commands,
        out SteppedBatch? begun);

    internal abstract ValueTask TransferAsync(
        LunHandle lun, ReadOnlyMemory<BlockTransfer> batch, CancellationToken cancellation);

    internal abstract ValueTask TransferAsync(
        LunHandle lun, in BlockTransfer transfer, CancellationToken cancellation);

    internal abstract bool TryTransferAsync(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> batch,
        int commands,
        CancellationToken cancellation,
        out ValueTask completion);

    private LunHandle HandleOf(Lun lun)
    {
        LunHandle? handle = lun switch
        {
            ContextVirtualLun virtualLun => virtualLun.Handle,
            ContextPhysicalLun physicalLun => physicalLun.Handle,
            _ => null,
        };
        if (handle is null || handle.Context != this)
            throw new ArgumentException("The LUN is not of this context.", nameof(lun));
        handle.ThrowIfDisposed();
        return handle;
    }

    /// <summary>Detaches.</summary>
    /// <param name="disposing">Always <see langword="true"/>: there is no finalizer.</param>
    protected abstract void Dispose(bool disposing);
}
