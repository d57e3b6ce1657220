using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>
/// The mapped file that holds the unsealed segments of all shards. What it holds counts only while
/// the machine has not been started anew since: then its pages are what the processes stored, in
/// the order in which they stored it. See docs/formats.md, "Staging".
/// </summary>
internal sealed class StagingFile : IDisposable
{
    private const ulong Magic = 0x3147_5453_564B_4C46; // "FLKVSTG1"
    private const int StoreOffset = sizeof(ulong);
    private const int BootOffset = StoreOffset + StoreId.SizeInBytes;
    private const int SessionOffset = BootOffset + StoreId.SizeInBytes;
    private const int VersionOffset = SessionOffset + sizeof(uint);
    private const int HeaderBytes = VersionOffset + sizeof(uint);
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    private readonly string _path;
    private readonly MappedFile _file;
    private readonly int _slotBytes;

    private StagingFile(string path, MappedFile file, int segmentBytes)
    {
        _path = path;
        _file = file;
        _slotBytes = StagingSlot.HeaderBytes + segmentBytes;
    }

    /// <summary>Opens the staging of a store; makes it where it is missing.</summary>
    /// <exception cref="CorruptStoreException">
    /// It has another length than it was made with.
    /// </exception>
    public static StagingFile Open(string path, int shards, int segmentBytes)
    {
        long length = LengthOf(shards, segmentBytes);
        var file = new FileInfo(path);
        if (file.Exists && file.Length != length)
        {
            throw new CorruptStoreException(path, "length", $"{length} bytes", $"{file.Length}");
        }

        return new StagingFile(path, MappedFile.Open(path, checked((int)length)), segmentBytes);
    }

    /// <summary>The length in bytes of the staging of a store.</summary>
    public static long LengthOf(int shards, int segmentBytes)
    {
        long slotBytes = StagingSlot.HeaderBytes + segmentBytes;
        return LogGeometry.BlockBytes + (shards * ShardLog.SlotsPerShard * slotBytes);
    }

    /// <summary>
    /// Says what makes a first block not that of a store's staging; null if it is. Zeros are a file
    /// that no session has begun in.
    /// </summary>
    public static string? ProblemOf(ReadOnlySpan<byte> block, StoreId store)
    {
        ulong magic = BinaryPrimitives.ReadUInt64LittleEndian(block);
        StoreId owner = StoreId.Read(block[StoreOffset..]);
        return magic is not 0 and not Magic ? $"one with magic 0x{magic:x16}"
            : magic == Magic && owner != store ? $"that of store {owner}" : null;
    }

    /// <summary>The session in which the slots were written, as a first block says.</summary>
    public static uint SessionOf(ReadOnlySpan<byte> block) =>
        BinaryPrimitives.ReadUInt32LittleEndian(block[SessionOffset..]);

    /// <summary>
    /// Whether a first block says that the machine has run since the given session began.
    /// </summary>
    public static bool IsOfThisStart(ReadOnlySpan<byte> block, StoreId store, uint session)
    {
        Span<byte> expected = stackalloc byte[HeaderBytes];
        return TryWriteHeader(expected, store, session)
            && block[..HeaderBytes].SequenceEqual(expected);
    }

    /// <summary>The slots of a shard.</summary>
    public StagingSlot[] SlotsOf(int shard)
    {
        var slots = new StagingSlot[ShardLog.SlotsPerShard];
        for (int i = 0; i < slots.Length; i++)
        {
            int number = (shard * ShardLog.SlotsPerShard) + i;
            int start = LogGeometry.BlockBytes + (number * _slotBytes);
            int dataStart = start + StagingSlot.HeaderBytes;
            slots[i] = new StagingSlot(
                _file.Region(start, StagingSlot.HeaderBytes),
                _file.Region(dataStart, _slotBytes - StagingSlot.HeaderBytes));
        }

        return slots;
    }

    /// <summary>
    /// Whether the slots hold what the last process to open the store left in them: it was this
    /// store, in this session, and the machine has run since.
    /// </summary>
    /// <exception cref="CorruptStoreException">It is not the staging of this store.</exception>
    public bool IsTrusted(StoreId store, uint session)
    {
        CheckOwner(store);
        return IsOfThisStart(
            _file.Region(0, LogGeometry.BlockBytes).Span(0, HeaderBytes), store, session);
    }

    /// <summary>From here on the slots belong to the given session.</summary>
    public void BeginSession(StoreId store, uint session)
    {
        NativeRegion block = _file.Region(0, LogGeometry.BlockBytes);
        Span<byte> written = stackalloc byte[HeaderBytes];

        // The magic goes first and comes last: a process killed in between leaves no header.
        Volatile.Write(ref block.Word(0), 0);
        if (TryWriteHeader(written, store, session))
        {
            written[StoreOffset..].CopyTo(block.Span(StoreOffset, HeaderBytes - StoreOffset));
            Volatile.Write(ref block.Word(0), unchecked((long)Magic));
        }

        Step.Reached("session");
    }

    public void Dispose() => _file.Dispose();

    // Zeros are a file that no session has begun in.
    private void CheckOwner(StoreId store)
    {
        ReadOnlySpan<byte> header =
            _file.Region(0, LogGeometry.BlockBytes).Span(0, HeaderBytes);
        ulong magic = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (magic is not 0 and not Magic)
        {
            throw new CorruptStoreException(_path, "magic", $"0x{Magic:x16}", $"0x{magic:x16}");
        }

        StoreId owner = StoreId.Read(header[StoreOffset..]);
        if (magic == Magic && owner != store)
        {
            throw new CorruptStoreException(_path, "store id", $"{store}", $"{owner}");
        }
    }

    // Where the machine does not tell one start from another, nothing is trusted.
    private static bool TryWriteHeader(Span<byte> header, StoreId store, uint session)
    {
        if (!File.Exists(BootIdPath)
            || !UInt128.TryParse(
                File.ReadAllText(BootIdPath).Trim().Replace("-", "", StringComparison.Ordinal),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out UInt128 boot))
        {
            return false;
        }

        Debug.Assert(header.Length == HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        store.Write(header[StoreOffset..]);
        BinaryPrimitives.WriteUInt128LittleEndian(header[BootOffset..], boot);
        BinaryPrimitives.WriteUInt32LittleEndian(header[SessionOffset..], session);
        BinaryPrimitives.WriteUInt32LittleEndian(header[VersionOffset..], FormatVersion.Current);
        return true;
    }
}
