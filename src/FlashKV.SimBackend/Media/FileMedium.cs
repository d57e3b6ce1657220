namespace FlashKV.SimBackend;

/// <summary>
/// A medium in a sparse file. Blocks take space in the file system when they are written and give
/// it back when they are discarded.
/// </summary>
/// <remarks>
/// <para>
/// On Linux the file is opened for direct I/O where its file system allows that: data pass the page
/// cache by, and memory runs aligned to 4,096 bytes are transferred without a copy, by io_uring
/// where the system allows that too, so that all transfers of a batch are under way at once. Force
/// unit access is a data-synchronous write. Elsewhere the runtime's own file calls are used, with a
/// flush after each write that asks for force unit access.
/// </para>
/// <para>
/// A full file system shows as <see cref="MediumStatus.OutOfSpace"/>, any other failure as
/// <see cref="MediumStatus.MediumError"/>.
/// </para>
/// </remarks>
public sealed class FileMedium : Medium
{
    // Much longer than a kernel needs, even a busy one.
    internal static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    private readonly FileChannel _channel;

    internal FileMedium(string path, FileChannel channel, long blockCount)
        : base(blockCount)
    {
        FilePath = path;
        _channel = channel;
    }

    /// <summary>The path of the file.</summary>
    public string FilePath { get; }

    /// <summary>Whether transfers bypass the page cache.</summary>
    public bool IsDirect => _channel.IsDirect;

    /// <inheritdoc/>
    internal override bool HasQueues => _channel.HasQueues;

    /// <summary>Opens a file as a medium, or creates it.</summary>
    /// <param name="path">The path of the file; its directory must exist.</param>
    /// <param name="blockCount">
    /// The capacity of a new or empty file in blocks of 4,096 bytes. A file that exists keeps its
    /// size, whatever is asked for; see <see cref="Medium.BlockCount"/>.
    /// </param>
    /// <param name="direct">
    /// Whether to bypass the page cache where the file system allows it.
    /// </param>
    /// <returns>The medium; no other medium can open the file until it is disposed of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    /// <exception cref="MediumUnavailableException">
    /// The file is in use, cannot be written, has a length that is no whole number of blocks, or
    /// cannot be created.
    /// </exception>
    /// <remarks>
    /// <para>
    /// A file that this call has created is on stable storage, name and length, when it returns. If
    /// the file system cannot hold it, none is left.
    /// </para>
    /// <para>
    /// On Linux the file of a process that was killed stays locked for a moment more, until its
    /// last writes have ended. So a locked file is waited for, at most 10 seconds.
    /// </para>
    /// </remarks>
    public static FileMedium Open(string path, long blockCount, bool direct = true) =>
        Open(path, blockCount, direct, FileAccessMethod.Best);

    /// <summary>Opens a file that another process may be writing to, for reading only.</summary>
    /// <param name="path">The path of the file.</param>
    /// <returns>The medium; the system refuses writes to it.</returns>
    /// <exception cref="MediumUnavailableException">The file cannot be read.</exception>
    internal static FileMedium OpenForReading(string path) =>
        LinuxFileOpener.OpenForReading(path, UringKernel.System);

    /// <summary>Opens a file in a certain way.</summary>
    internal static FileMedium Open(
        string path,
        long blockCount,
        bool direct,
        FileAccessMethod method,
        UringKernel? kernel = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockCount, MaxBlockCount);
        return LibC.IsUsable && method != FileAccessMethod.Portable
            ? LinuxFileOpener.Open(
                path, blockCount, direct, method, kernel ?? UringKernel.System)
            : PortableFileOpener.Open(path, blockCount);
    }

    /// <inheritdoc/>
    internal override TransferQueue? TakeQueue() => _channel.TakeQueue();

    /// <inheritdoc/>
    internal override void ReturnQueue(TransferQueue queue) => _channel.ReturnQueue(queue);

    /// <inheritdoc/>
    internal override void Execute(
        Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs) =>
        _channel.Execute(transfers, runs);

    /// <inheritdoc/>
    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs) =>
        _channel.Read(block * BlockBytes, runs);

    /// <inheritdoc/>
    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess) =>
        _channel.Write(block * BlockBytes, runs, forceUnitAccess);

    /// <inheritdoc/>
    protected override MediumStatus DiscardCore(long block, long blockCount) =>
        _channel.Discard(block * BlockBytes, blockCount * BlockBytes);

    /// <inheritdoc/>
    protected override MediumStatus FlushCore() => _channel.Flush();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _channel.Dispose();
        }

        base.Dispose(disposing);
    }
}
