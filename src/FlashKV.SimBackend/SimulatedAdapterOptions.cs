using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <summary>What a <see cref="SimulatedAdapter"/> is made of.</summary>
public sealed record class SimulatedAdapterOptions
{
    /// <summary>The most LUNs of an adapter.</summary>
    public const int MaxLuns = 256;

    /// <summary>The most contexts of an adapter: 512, less those of the driver.</summary>
    public const int MaxContexts = 508;

    /// <summary>The most command rooms of a context.</summary>
    public const int MaxCommandRooms = 1 << 16;

    /// <summary>The LUNs, at least one. The first is reached as <c>/dev/sg0</c>.</summary>
    public IReadOnlyList<SimulatedLunOptions> Luns { get; init; } = [];

    /// <summary>The number of Fibre Channel ports: 1, 2 or 4.</summary>
    public int PortCount { get; init; } = 2;

    /// <summary>How clients hand over their commands.</summary>
    public SubmissionMode SubmissionMode { get; init; }

    /// <summary>
    /// The command rooms of each context, 1 to <see cref="MaxCommandRooms"/>. More rooms let larger
    /// batches be merged.
    /// </summary>
    public int CommandRooms { get; init; } = 512;

    /// <summary>The number of contexts, 1 to <see cref="MaxContexts"/>.</summary>
    public int ContextCount { get; init; } = MaxContexts;

    /// <summary>
    /// The resource handles of each context: 256, as with pages of 4 KiB, or 4,096, as with pages
    /// of 64 KiB.
    /// </summary>
    public int HandlesPerContext { get; init; } = CxlflashLimits.MaxRhtPerContext;

    /// <summary>Known defects of the original driver that this one is to have.</summary>
    public OriginalDefects Defects { get; init; }

    /// <summary>Where the driver's time comes from; it sleeps while it tries to recover.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Whether the first command on each LUN after a reset ends with a unit attention (6/29/00), as
    /// on a real adapter.
    /// </summary>
    public bool ReportsResets { get; init; } = true;

    /// <summary>
    /// Whether clients in this process get an error and an event for an address of data, of a
    /// command or of a queue that they do not have, as from hardware. Otherwise such an address
    /// ends the process, as any wild pointer does. Every access is a call of the system then, which
    /// makes transfers of one block tens of times slower: for tests. 64-bit Linux only.
    /// </summary>
    public bool ChecksAddresses { get; init; }

    /// <summary>
    /// Whether LUNs can be made and deleted through the adapter's own node. Without it that is
    /// refused with <see cref="Errno.NotSupported"/>.
    /// </summary>
    public bool ProvisionsLuns { get; init; } = true;

    /// <summary>
    /// Whether the AFU takes debug commands through the adapter's own node. Without it they are
    /// refused with <see cref="Errno.NotSupported"/>.
    /// </summary>
    public bool TakesDebugCommands { get; init; } = true;

    /// <summary>
    /// Whether the adapter is attached by OpenCAPI instead of CAPI: interrupts are raised at
    /// addresses that the driver gives to the AFU, ATTACH may ask for none, and a lost context's
    /// descriptor is read as an event of type 0 instead of EIO, in buffers of any length.
    /// </summary>
    public bool IsOpenCapi { get; init; }

    /// <summary>What the AFU says that it can do, besides its way of submission.</summary>
    internal SislInterfaceCapabilities Capabilities =>
        (ProvisionsLuns ? SislInterfaceCapabilities.LunProvision : default)
        | (TakesDebugCommands ? SislInterfaceCapabilities.AfuDebug : default)
        | (IsOpenCapi ? SislInterfaceCapabilities.OcxlLisn : default);

    /// <summary>How the AFU reaches the memory of clients in this process.</summary>
    internal ClientMemory ClientMemory =>
        ChecksAddresses ? new ClientMemory(Environment.ProcessId) : ClientMemory.Local;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One of them is out of range.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// <see cref="ChecksAddresses"/> is set on a system that cannot check.
    /// </exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Luns);
        if (ChecksAddresses && !ProcessVm.IsUsable)
        {
            throw new PlatformNotSupportedException(
                "The option ChecksAddresses of a simulated adapter needs 64-bit Linux.");
        }

        Require(Luns.Count is >= 1 and <= MaxLuns, nameof(Luns));
        Require(PortCount is 1 or 2 or 4, nameof(PortCount));
        ArgumentNullException.ThrowIfNull(TimeProvider);
        Require((Defects & ~OriginalDefects.All) == 0, nameof(Defects));
        Require(Enum.IsDefined(SubmissionMode), nameof(SubmissionMode));
        Require(CommandRooms is >= 1 and <= MaxCommandRooms, nameof(CommandRooms));
        Require(ContextCount is >= 1 and <= MaxContexts, nameof(ContextCount));
        Require(
            HandlesPerContext is CxlflashLimits.MaxRhtPerContext
                or CxlflashLimits.MaxRhtPerContextOfLargePages,
            nameof(HandlesPerContext));
        foreach (SimulatedLunOptions lun in Luns)
        {
            Require(lun?.Medium is not null, nameof(Luns));
            Require(
                lun!.BlockBytes is 512 or Medium.BlockBytes,
                nameof(SimulatedLunOptions.BlockBytes));
            Require(
                lun.Wwid.Length is 0 or SimulatedLunOptions.WwidLength,
                nameof(SimulatedLunOptions.Wwid));
            Require(
                lun.PortMask >= 0 && lun.PortMask < 1 << PortCount,
                nameof(SimulatedLunOptions.PortMask));
        }

        static void Require(bool holds, string option)
        {
            if (!holds)
            {
                throw new ArgumentException(
                    $"The option {option} of a simulated adapter is out of range.", option);
            }
        }
    }
}
