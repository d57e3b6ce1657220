using System.Diagnostics;
using FlashKV.Clones;
using FlashKV.Opening;
using FlashKV.Superpipe;

namespace FlashKV;

/// <summary>Clones: other processes that read the store as it was at one moment.</summary>
public sealed partial class FlashStore
{
    /// <summary>
    /// Starts a process and hands it a clone: the store as it is at this moment, which the process
    /// opens with <see cref="OpenClone(ClonedStoreOptions)"/> and reads from the same flash, by
    /// itself. Writers wait for the moment that the cut takes, as for a snapshot; what is staged is
    /// flushed up to the cut, and nothing else is written.
    /// </summary>
    /// <param name="start">
    /// The process, started without a shell; its environment gets a variable, FLASHKV_CLONE. A
    /// process that it starts in turn may open the clone in its place; one process can.
    /// </param>
    /// <param name="options">What it may cost; null for no limits.</param>
    /// <param name="cancellationToken">Ends it before the cut is taken.</param>
    /// <returns>
    /// The clone, which the caller disposes, once the process was started; see
    /// <see cref="StoreClone.WaitUntilReadingAsync"/>.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, or the process would be started by a shell.
    /// </exception>
    /// <exception cref="System.ComponentModel.Win32Exception">
    /// The process cannot be started.
    /// </exception>
    /// <exception cref="FlashStoreException">
    /// The store failed, or no socket is to be had.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public Task<StoreClone> CloneToAsync(
        ProcessStartInfo start,
        CloneOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ThrowIfDisposed();
        ThrowUnlessClonesWork();
        options ??= new CloneOptions();
        options.Validate();
        return start.UseShellExecute
            ? throw new ArgumentException(
                "A process gets a clone through its environment, so no shell can start it.",
                nameof(start))
            : Task.Run(() => _open.Clones.Start(start, options), cancellationToken);
    }

    /// <summary>
    /// Opens the clone that this process was started for with
    /// <see cref="CloneToAsync(ProcessStartInfo, CloneOptions, CancellationToken)"/>.
    /// </summary>
    /// <param name="options">The options; null for the defaults.</param>
    /// <returns>The clone; the caller disposes it.</returns>
    /// <exception cref="CloneRefusedException">
    /// There is none for this process, or not any more.
    /// </exception>
    /// <exception cref="CloneEndedException">It ended while it was being opened.</exception>
    /// <exception cref="CorruptStoreException">The store is damaged.</exception>
    /// <exception cref="InsufficientMemoryException">The memory budget is too small.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static ClonedStore OpenClone(ClonedStoreOptions? options = null) =>
        OpenClone(AddressFromEnvironment(), null, options);

    /// <summary>
    /// Opens a clone of a store that another process has open with
    /// <see cref="FlashStoreOptions.AllowClones"/>: the store as it is at this moment.
    /// </summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <returns>The clone; the caller disposes it.</returns>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="OpenClone(ClonedStoreOptions)"/>, with the others of it.
    /// </exception>
    public static ClonedStore OpenClone(string directory, ClonedStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return OpenClone(AddressOf(directory), null, options);
    }

    /// <summary>
    /// Opens the clone that this process was started for, of a store on a device of its process's
    /// choice. To that device's driver this process must be a child of the store's process.
    /// </summary>
    /// <param name="device">
    /// The same device, opened in this process, for reading or for more; it stays the caller's, who
    /// disposes it after the clone.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <returns>The clone; the caller disposes it.</returns>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="OpenClone(ClonedStoreOptions)"/>, with the others of it.
    /// </exception>
    public static ClonedStore OpenClone(
        SuperpipeDevice device, ClonedStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        return OpenClone(AddressFromEnvironment(), device, options);
    }

    /// <summary>Opens a clone, on a thread of the pool.</summary>
    /// <param name="directory">
    /// The directory of the store; null for the clone that this process was started for.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels before the opening begins.</param>
    /// <returns>The clone.</returns>
    /// <exception cref="FlashStoreException">As in the synchronous methods.</exception>
    public static Task<ClonedStore> OpenCloneAsync(
        string? directory = null,
        ClonedStoreOptions? options = null,
        CancellationToken cancellationToken = default) => Task.Run(
            () => directory is null ? OpenClone(options) : OpenClone(directory, options),
            cancellationToken);

    internal static ClonedStore OpenClone(
        CloneAddress address, SuperpipeDevice? device, ClonedStoreOptions? options)
    {
        ThrowUnlessClonesWork();
        return new ClonedStore(
            Clones.OpenClone.Open(address, device, options ?? new ClonedStoreOptions()));
    }

    private static CloneAddress AddressFromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(CloneService.Variable);
        return string.IsNullOrEmpty(text)
            ? throw new CloneRefusedException(
                CloneRefusal.NotServed,
                $"this process was started for none: its variable {CloneService.Variable} is "
                + "empty")
            : CloneAddress.Parse(text);
    }

    private static CloneAddress AddressOf(string directory)
    {
        string full = Path.GetFullPath(directory);
        string socket = StoreDirectory.SocketPathOf(full);
        return File.Exists(socket)
            ? new CloneAddress(socket, 0)
            : throw new CloneRefusedException(
                CloneRefusal.NotServed,
                $"no process has the store in '{full}' open with clones allowed");
    }

    private static void ThrowUnlessClonesWork()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            throw new PlatformNotSupportedException("Clones need 64-bit Linux.");
        }
    }
}
