using FlashKV.Shards;

namespace FlashKV.Log;

/// <summary>How far the records of a staged segment have come on their way to the device.</summary>
internal sealed class StagingProgress
{
    private SummaryEntry[] _entries = new SummaryEntry[256];

    /// <summary>The offset behind the last record whose checksum is set.</summary>
    public int Frontier { get; set; }

    /// <summary>The offset up to which the bytes are on stable storage.</summary>
    public int FlushedTo { get; set; }

    /// <summary>Whether the end of the slot says on the device whose it is.</summary>
    public bool IsWitnessed { get; set; }

    /// <summary>Whether the segment is closed at the frontier.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Whether the summary is on stable storage, so that the footer may follow.</summary>
    public bool IsSummarized { get; set; }

    /// <summary>
    /// Once the segment is sealed and its bytes are elsewhere, when readers have left the slot (see
    /// <see cref="Memory.Epoch.HasPassed"/>); 0 before.
    /// </summary>
    public long LeftAt { get; set; }

    /// <summary>The records before the frontier.</summary>
    public int RecordCount { get; private set; }

    /// <summary>The smallest sequence number of a record that is not dead.</summary>
    public ulong MinSequence { get; private set; }

    public ulong MaxSequence { get; private set; }

    /// <summary>The batches that have records before the frontier.</summary>
    public HashSet<BatchCommit> Batches { get; } = [];

    public ReadOnlySpan<SummaryEntry> Entries => _entries.AsSpan(0, RecordCount);

    public void Reset(int headerOffset)
    {
        Frontier = headerOffset + LogGeometry.BlockBytes;
        FlushedTo = headerOffset;
        IsWitnessed = false;
        IsClosed = false;
        IsSummarized = false;
        LeftAt = 0;
        RecordCount = 0;
        MinSequence = ulong.MaxValue;
        MaxSequence = 0;
        Batches.Clear();
    }

    public void Add(in SummaryEntry entry)
    {
        if (RecordCount == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        _entries[RecordCount++] = entry;
        if (entry.IsDead)
        {
            // Its sequence number, if it got that far, means nothing.
            return;
        }

        MinSequence = Math.Min(MinSequence, entry.Sequence);
        MaxSequence = Math.Max(MaxSequence, entry.Sequence);
    }
}
