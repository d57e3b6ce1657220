using System.Buffers.Binary;
using FlashKV.Log;
using FlashKV.Simulation.Fuzzing;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.Simulation.Machines;

/// <summary>
/// What a mapped staging file held at one moment. Pages that did not change since the moment before
/// are shared with it.
/// </summary>
internal sealed class StagingImage
{
    private const int PageBytes = 4096;

    private const int SlotPages = 1 + (FlashStoreOptions.MinSegmentBytes / PageBytes);

    // docs/formats.md, "Staging": the boot id of the machine.
    private const int BootIdOffset = 24;
    private const int BootIdBytes = 16;

    private static readonly byte[] s_zeros = new byte[PageBytes];

    [ThreadStatic]
    private static byte[]? s_bytes;

    private readonly byte[][] _pages;

    private StagingImage(byte[][] pages) => _pages = pages;

    /// <summary>Takes a copy of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="previous">The copy of a moment before, or null.</param>
    /// <returns>
    /// The copy; <paramref name="previous"/> itself if nothing changed; null without a file.
    /// </returns>
    public static StagingImage? Read(string path, StagingImage? previous)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        ReadOnlySpan<byte> bytes = ReadAll(path);
        byte[][] pages = new byte[bytes.Length / PageBytes][];
        bool isSame = previous is not null && previous._pages.Length == pages.Length;
        for (int i = 0; i < pages.Length; i++)
        {
            ReadOnlySpan<byte> page = bytes.Slice(i * PageBytes, PageBytes);
            byte[]? before = previous?._pages is { } old && i < old.Length ? old[i] : null;
            bool isKept = before is not null && page.SequenceEqual(before);
            pages[i] = isKept ? before!
                : page.ContainsAnyExcept((byte)0) ? page.ToArray() : s_zeros;
            isSame &= isKept;
        }

        return isSame ? previous : new StagingImage(pages);
    }

    /// <summary>Writes the file as it was; pages of zeros are holes.</summary>
    public void Write(string path)
    {
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.Create, FileAccess.Write, FileShare.Read);
        RandomAccess.SetLength(file, (long)_pages.Length * PageBytes);
        var run = new List<ReadOnlyMemory<byte>>();
        for (int i = 0; i <= _pages.Length; i++)
        {
            if (i < _pages.Length && !ReferenceEquals(_pages[i], s_zeros))
            {
                run.Add(_pages[i]);
            }
            else if (run.Count != 0)
            {
                RandomAccess.Write(file, run, (long)(i - run.Count) * PageBytes);
                run.Clear();
            }
        }
    }

    /// <summary>
    /// What another start of the machine may find: any pages of this moment among zeros, and if the
    /// first is there, the boot id of a machine that runs no more.
    /// </summary>
    public StagingImage AfterPowerCut(Random random)
    {
        byte[][] pages = Array.ConvertAll(_pages, page => random.Next(4) == 0 ? s_zeros : page);
        pages[0] = [.. pages[0]];
        random.NextBytes(pages[0].AsSpan(BootIdOffset, BootIdBytes));
        return new StagingImage(pages);
    }

    /// <summary>The image with changes in one of its pages; a header's checksum is right again.</summary>
    public StagingImage Mutate(Random random)
    {
        const int HeaderCopyOffset = PageBytes / 2;
        int[] used = [.. Enumerable.Range(0, _pages.Length).Where(
            page => _pages[page].AsSpan().ContainsAnyExcept((byte)0))];
        int chosen = used[random.Next(used.Length)];
        byte[] page = [.. _pages[chosen]];
        ByteMutator.Mutate(
            random.Next(2) == 0 ? page : page.AsSpan(HeaderCopyOffset, SegmentHeader.SizeInBytes),
            random);
        if (SegmentHeader.TryRead(_pages[chosen].AsSpan(HeaderCopyOffset), out _))
        {
            Span<byte> header = page.AsSpan(HeaderCopyOffset, SegmentHeader.SizeInBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(
                header[SegmentHeader.ChecksumOffset..],
                Crc32C.Compute(header[..SegmentHeader.ChecksumOffset]));
        }

        var pages = (byte[][])_pages.Clone();
        pages[chosen] = page;
        return new StagingImage(pages);
    }

    /// <summary>The image with the first slot in use copied to another one.</summary>
    public StagingImage WithSlotTwice()
    {
        int used = FirstUsedSlot();
        int other = used == 1 ? 1 + SlotPages : 1;
        var pages = (byte[][])_pages.Clone();
        Array.Copy(_pages, used, pages, other, SlotPages);
        return new StagingImage(pages);
    }

    /// <summary>The image with another number in the first record of the first slot in use.</summary>
    public StagingImage WithNumber(ulong sequence)
    {
        int used = FirstUsedSlot();
        if (!StagingSlot.TryReadHeader(_pages[used], out SegmentHeader header))
        {
            throw new InvalidOperationException("The slot has no header.");
        }

        int record = new LogGeometry(FlashStoreOptions.MinSegmentBytes).DataOffsetOf(header.Slot);
        int place = used + 1 + (record / PageBytes);
        var pages = (byte[][])_pages.Clone();
        pages[place] = [.. pages[place]];
        BinaryPrimitives.WriteUInt64LittleEndian(
            pages[place].AsSpan((record % PageBytes) + RecordFormat.SequenceOffset), sequence);
        return new StagingImage(pages);
    }

    private int FirstUsedSlot()
    {
        int page = 1;
        while (!StagingSlot.IsInUseIn(_pages[page]))
        {
            page += SlotPages;
        }

        return page;
    }

    // Into one array for all files: fresh memory of this size is dear.
    private static ReadOnlySpan<byte> ReadAll(string path)
    {
        using FileStream stream = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        int length = (int)stream.Length;
        if (s_bytes is null || s_bytes.Length < length)
        {
            s_bytes = GC.AllocateUninitializedArray<byte>(length);
        }

        stream.ReadExactly(s_bytes, 0, length);
        return s_bytes.AsSpan(0, length);
    }
}
