using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>Finds the unsealed segments in the staging file of a store, and reads their bytes.</summary>
internal sealed class StagedSegments : IDisposable
{
    private readonly FileStream? _file;
    private readonly string _path;
    private readonly SourceSurvey _survey;

    private StagedSegments(string path, FileStream? file, SourceSurvey survey)
    {
        _path = path;
        _file = file;
        _survey = survey;
    }

    /// <summary>What is damaged of the file.</summary>
    public List<SalvageLoss> Losses { get; } = [];

    private int SlotBytes => StagingSlot.HeaderBytes + _survey.SegmentBytes;

    /// <summary>Opens a staging file, if there is one.</summary>
    public static StagedSegments Open(string path, SourceSurvey survey)
    {
        var staged = new StagedSegments(path, File.Exists(path) ? OpenFile(path) : null, survey);
        if (staged._file is null)
        {
            staged.Add("the file", "there", "missing", null);
        }

        return staged;
    }

    /// <summary>Adds what is staged; it takes the place of what the device has of it.</summary>
    public void AddTo(Dictionary<(int Shard, int Slot), FoundSegment> segments)
    {
        Span<byte> block = new byte[LogGeometry.BlockBytes];
        if (_file is null || !TryRead(0, block) || !IsTrusted(block))
        {
            return;
        }

        int slots = _survey.ShardCount * ShardLog.SlotsPerShard;
        for (int i = 0; i < slots; i++)
        {
            long start = LogGeometry.BlockBytes + ((long)i * SlotBytes);
            if (!TryRead(start, block))
            {
                // How many shards there are is not known without a superblock.
                break;
            }

            if (StagingSlot.IsInUseIn(block))
            {
                Add(block, start + StagingSlot.HeaderBytes, i / ShardLog.SlotsPerShard, segments);
            }
        }
    }

    /// <summary>Reads the bytes of a segment.</summary>
    public bool TryRead(long offset, Span<byte> destination)
    {
        try
        {
            _file!.Position = offset;
            return _file.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false)
                == destination.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _file?.Dispose();

    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);

    // Pages of before the last start of the machine are not what the process stored there.
    private bool IsTrusted(ReadOnlySpan<byte> block)
    {
        string? problem = StagingFile.ProblemOf(block, _survey.Store);
        if (problem is not null)
        {
            Add("its header", "that of this store", problem, null);
            return false;
        }

        long length = StagingFile.LengthOf(_survey.ShardCount, _survey.SegmentBytes);
        if (_survey.Superblock is not null && _file!.Length != length)
        {
            Add("length", $"{length} bytes", $"{_file.Length}", null);
        }

        uint session = _survey.Superblock?.Session ?? StagingFile.SessionOf(block);
        return StagingFile.IsOfThisStart(block, _survey.Store, session);
    }

    private void Add(
        ReadOnlySpan<byte> slot,
        long offset,
        int shard,
        Dictionary<(int Shard, int Slot), FoundSegment> segments)
    {
        if (!StagingSlot.TryReadHeader(slot, out SegmentHeader header)
            || header.Store != _survey.Store || header.Shard != shard || header.Slot < 0)
        {
            Add("a slot's header", $"of a segment of shard {shard}", "damaged", null);
            return;
        }

        // A process that died between sealing a segment and clearing its slot leaves both.
        segments.TryGetValue((shard, header.Slot), out FoundSegment? onDevice);
        if (onDevice is not { Footer: not null } || onDevice.Header != header)
        {
            segments[(shard, header.Slot)] = new FoundSegment(
                header, null, onDevice?.DeviceBlock ?? -1, offset, IsDamaged: false);
        }
    }

    private void Add(string field, string expected, string found, long? records) =>
        Losses.Add(new SalvageLoss
        {
            File = _path,
            Field = field,
            Expected = expected,
            Found = found,
            Records = records,
        });
}
