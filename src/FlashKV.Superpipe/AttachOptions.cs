using System.Numerics;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe;

/// <summary>How <see cref="SuperpipeDevice.Attach"/> makes a context.</summary>
public sealed record class AttachOptions
{
    /// <summary>What the context may do with its LUNs; fixed for its life.</summary>
    public DeviceAccess Access { get; init; } = DeviceAccess.ReadWrite;

    /// <summary>
    /// The commands that the context can have in flight, 1 to 8,192; rounded up to a power of two,
    /// at least 8. Each takes about 200 bytes.
    /// </summary>
    public int CommandBlocks { get; init; } = 256;

    /// <summary>The interrupts asked for, 0 to 4; adapters demand a minimum of their own.</summary>
    public int Interrupts { get; init; } = 4;

    /// <summary>
    /// How long the AFU may work on one command; 1 millisecond to 65,535 seconds.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a batch may wait without any of its commands ending before the context is reset
    /// and the commands are sent again.
    /// </summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>
    /// The pause before a command is tried again on a busy LUN or a link that is down.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The rounds, 0 or more, that an asynchronous transfer makes on its caller's thread before it
    /// is handed to the thread pool; four without progress end them early. 0 hands it over at once.
    /// </summary>
    public int InlineRounds { get; init; } = 32;

    /// <summary>
    /// Whether the driver wipes the chunks of virtual LUNs when they are given back.
    /// </summary>
    public bool ScrubFreedChunks { get; init; }

    /// <summary>Time and delays; a test puts its own here.</summary>
    internal DeviceClock Clock { get; init; } = DeviceClock.System;

    /// <summary>The number of command blocks that the context will have.</summary>
    internal int RoundedCommandBlocks => (int)Math.Max(
        CommandMemory.MinCount, BitOperations.RoundUpToPowerOf2((uint)CommandBlocks));

    /// <summary>The timeout as an IOARCB states it.</summary>
    internal (ushort Value, SislReqFlags Unit) EncodedTimeout =>
        CommandTimeout.Ticks % TimeSpan.TicksPerSecond == 0
            ? ((ushort)CommandTimeout.TotalSeconds, SislReqFlags.None)
            : CommandTimeout.TotalMilliseconds <= ushort.MaxValue
                ? ((ushort)CommandTimeout.TotalMilliseconds, SislReqFlags.TimeoutMilliseconds)
                : ((ushort)Math.Ceiling(CommandTimeout.TotalSeconds), SislReqFlags.None);

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)Access, (uint)DeviceAccess.ReadWrite);
        ArgumentOutOfRangeException.ThrowIfLessThan(CommandBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CommandBlocks, CommandMemory.MaxCount);
        ArgumentOutOfRangeException.ThrowIfNegative(Interrupts);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Interrupts, CxlflashLimits.MaxInterrupts);
        ArgumentOutOfRangeException.ThrowIfLessThan(
            CommandTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            CommandTimeout, TimeSpan.FromSeconds(ushort.MaxValue));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ResponseTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(InlineRounds);
    }
}
