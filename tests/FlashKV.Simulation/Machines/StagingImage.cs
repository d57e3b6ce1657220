using System.Buffers.Binary;
using FlashKV.Log;
using FlashKV.Simulation.Fuzzing;

namespace FlashKV.Simulation.Machines;

/// <summary>
/// What a mapped staging file held at one moment. Pages that did not change since the moment before
/// are shared with it.
/// </summary>
internal sealed class StagingImage
{
    private const int PageBytes = 4096;

    // docs/formats.md, "Staging": the boot id of the machine.
    private const int BootIdOffset = 24;
    private const int BootIdBytes = 16;

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
            pages[i] = isKept ? before! : page.ToArray();
            isSame &= isKept;
        }

        return isSame ? previous : new StagingImage(pages);
    }

    /// <summary>Writes the file as it was.</summary>
    public void Write(string path)
    {
        using FileStream stream = new(
            path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 0);
        stream.SetLength((long)_pages.Length * PageBytes);
        foreach (byte[] page in _pages)
        {
            stream.Write(page);
        }
    }

    /// <summary>
    /// What another start of the machine may find: any pages of this moment among zeros, and if the
    /// first is there, the boot id of a machine that runs no more.
    /// </summary>
    public StagingImage AfterPowerCut(Random random)
    {
        byte[] zeros = new byte[PageBytes];
        byte[][] pages = Array.ConvertAll(_pages, page => random.Next(4) == 0 ? zeros : page);
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
