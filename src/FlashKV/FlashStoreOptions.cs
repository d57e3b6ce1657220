using System.Numerics;
using FlashKV.Log;
using FlashKV.Superpipe;

namespace FlashKV;

/// <summary>
/// How a store is opened. The shape of a store (<see cref="Shards"/>, <see cref="SegmentBytes"/>,
/// <see cref="Capacity"/>) is fixed when it is created; on an existing store these are ignored.
/// </summary>
public sealed record class FlashStoreOptions
{
    /// <summary>The most shards a store can have.</summary>
    public const int MaxShards = 128;

    /// <summary>The smallest memory budget, in bytes.</summary>
    public const long MinMemoryBudget = 32L << 20;

    internal const int MinSegmentBytes = 256 << 10;
    internal const int MaxSegmentBytes = 16 << 20;

    /// <summary>Whether a store may or must be created. The default opens or creates.</summary>
    public OpenMode OpenMode { get; init; } = OpenMode.OpenOrCreate;

    /// <summary>
    /// The number of shards of a new store: a power of two from 1 to <see cref="MaxShards"/>. 0,
    /// the default, takes as many as the machine has cores, but at least 4 and at most 64.
    /// </summary>
    public int Shards { get; init; }

    /// <summary>
    /// The bytes of a segment of a new store: a power of two from 256 KiB to 16 MiB; 1 MiB by
    /// default. A key and its value have at most 8,308 bytes less; see
    /// <see cref="FlashStore.MaxRecordLength"/>.
    /// </summary>
    public int SegmentBytes { get; init; } = 1 << 20;

    /// <summary>
    /// The bytes of unmanaged memory that the store may use for its index, its cached segments and
    /// its buffers: at least <see cref="MinMemoryBudget"/>; 1 GiB by default. The mapped staging
    /// file comes on top: 4 segments per shard.
    /// </summary>
    public long MemoryBudget { get; init; } = 1L << 30;

    /// <summary>
    /// The size in bytes of the device file of a new store, which is sparse: a multiple of 256 MiB
    /// with at least one chunk of 256 MiB for each shard and one more; 1 TiB by default.
    /// </summary>
    public long Capacity { get; init; } = 1L << 40;

    /// <summary>The durability of writes that do not name one. The default is durable.</summary>
    public Durability Durability { get; init; } = Durability.Durable;

    /// <summary>
    /// How long a buffered write may wait for stable storage: 0 to 60 seconds; 10 ms by default.
    /// </summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// The bytes of log per byte of live record above which segments are compacted: 1.1 to 10; 1.25
    /// by default. Where writers are faster than background work they compact as well, so that it
    /// is kept to a tenth. A small one costs writing: records are moved more often.
    /// </summary>
    public double SpaceAmplification { get; init; } = 1.25;

    /// <summary>
    /// Is told how far opening has come, after each segment that was read; null, the default, for
    /// nobody. It is called by the threads that open, one at a time, and holds them up meanwhile.
    /// </summary>
    public IProgress<OpenProgress>? OpenProgress { get; init; }

    /// <summary>
    /// Whether other processes of the same user, and root's, may read a clone of the store by the
    /// name of its directory (see <see cref="FlashStore.OpenClone(string, ClonedStoreOptions)"/>):
    /// the store then listens on a socket there. Not by default. On 64-bit Linux only.
    /// </summary>
    public bool AllowClones { get; init; }

    /// <summary>What clones may cost that are opened by the name of the directory.</summary>
    public CloneOptions CloneLimits { get; init; } = new();

    /// <summary>
    /// How long opening waits for clones of the process that had the store open before, and that
    /// has ended without closing it, to notice that.
    /// </summary>
    internal TimeSpan ClonePatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether background work runs on a thread of its own. Without it, writers do what they need
    /// themselves and tests step the rest.
    /// </summary>
    internal bool BackgroundThread { get; init; } = true;

    /// <summary>The clock.</summary>
    internal TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>How the store attaches to its device.</summary>
    internal AttachOptions Attachment { get; init; } = new() { CommandBlocks = 512 };

    /// <summary>
    /// Where the identity of a new store comes from, instead of the system; opening then goes
    /// through the shards one after the other. So the same calls make the same bytes.
    /// </summary>
    internal int? Seed { get; init; }

    /// <summary>Bits of the key hash to keep; tests narrow it to make keys collide.</summary>
    internal ulong HashMask { get; init; } = ulong.MaxValue;

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public void Validate()
    {
        Require(Enum.IsDefined(OpenMode), nameof(OpenMode), OpenMode, "not a defined value");
        Require(Enum.IsDefined(Durability), nameof(Durability), Durability, "not a defined value");
        Require(
            Shards is >= 0 and <= MaxShards && (Shards == 0 || BitOperations.IsPow2(Shards)),
            nameof(Shards), Shards, $"must be 0 or a power of two up to {MaxShards}");
        Require(
            SegmentBytes is >= MinSegmentBytes and <= MaxSegmentBytes
                && BitOperations.IsPow2(SegmentBytes),
            nameof(SegmentBytes), SegmentBytes, "must be a power of two from 256 KiB to 16 MiB");
        Require(
            MemoryBudget >= MinMemoryBudget,
            nameof(MemoryBudget), MemoryBudget, $"must be at least {MinMemoryBudget} bytes");
        ValidateCapacity();
        ArgumentNullException.ThrowIfNull(CloneLimits);
        CloneLimits.Validate();
        Require(
            FlushInterval >= TimeSpan.Zero && FlushInterval <= TimeSpan.FromMinutes(1),
            nameof(FlushInterval), FlushInterval, "must be from 0 to 60 seconds");
        Require(
            SpaceAmplification is >= 1.1 and <= 10,
            nameof(SpaceAmplification), SpaceAmplification, "must be from 1.1 to 10");
    }

    /// <summary>The number of shards that a new store gets.</summary>
    internal int ShardsOrDefault() =>
        Shards != 0
            ? Shards
            : (int)BitOperations.RoundUpToPowerOf2(
                (uint)Math.Clamp(Environment.ProcessorCount, 4, 64));

    private void ValidateCapacity()
    {
        long least = (ShardsOrDefault() + 1) * LogGeometry.ChunkBytes;
        Require(
            Capacity >= least && Capacity % LogGeometry.ChunkBytes == 0
                && Capacity / LogGeometry.ChunkBytes <= Superblock.MaxGrants,
            nameof(Capacity), Capacity,
            $"must be a multiple of 256 MiB, at least {least} bytes for this number of shards");
    }

    private static void Require(bool holds, string option, object value, string message)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(option, value, $"{option} {message}.");
        }
    }
}
