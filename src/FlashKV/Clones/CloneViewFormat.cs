using System.Buffers.Binary;
using FlashKV.Log;

namespace FlashKV.Clones;

/// <summary>
/// A view as bytes, between two processes of one machine. Little-endian; a checksum at the end.
/// Not persisted, so every version may do away with the one before. See docs/clones.md, "The view".
/// </summary>
internal static class CloneViewFormat
{
    public const ulong Magic = 0x314E_4C43_564B_4C46; // "FLKVCLN1"
    public const int VersionOffset = sizeof(ulong);
    public const int FormatVersionOffset = VersionOffset + sizeof(uint);
    public const uint Version = 1;

    private const int ChecksumBytes = sizeof(uint);
    private const int SegmentBytes = sizeof(int) + sizeof(long) + sizeof(int);

    public static byte[] Write(CloneView view)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream))
        {
            writer.Write(Magic);
            writer.Write(Version);
            writer.Write(FormatVersion.Current);
            Write(writer, view.Superblock);
            writer.Write(view.CreatedMilliseconds);
            writer.Write(view.ExpiresMilliseconds);
            writer.Write(view.Place.Directory);
            writer.Write(view.Place.DriverAddress);
            writer.Write(view.Place.DevicePath);
            writer.Write(view.Shards.Length);
            Array.ForEach(view.Shards, shard => Write(writer, shard));
            writer.Flush();
            writer.Write(Crc32C.Compute(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        }

        return stream.ToArray();
    }

    /// <summary>Reads a view.</summary>
    /// <exception cref="CloneRefusedException">It is of another version, or no view.</exception>
    public static CloneView Read(byte[] bytes)
    {
        CheckVersion(bytes);
        ReadOnlySpan<byte> content = bytes.AsSpan(0, bytes.Length - ChecksumBytes);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(content.Length));
        if (checksum != Crc32C.Compute(content))
        {
            throw Damaged("its checksum is wrong");
        }

        using var stream = new MemoryStream(bytes, 0, content.Length, writable: false);
        using var reader = new BinaryReader(stream);
        stream.Position = FormatVersionOffset + sizeof(uint);
        try
        {
            return Read(reader);
        }
        catch (EndOfStreamException)
        {
            throw Damaged("it is cut off");
        }
        catch (Exception exception) when (exception is IOException or FormatException)
        {
            throw Damaged($"it has a text of no length ({exception.Message})");
        }
    }

    private static CloneView Read(BinaryReader reader)
    {
        CloneView view = new()
        {
            Superblock = ReadSuperblock(reader),
            CreatedMilliseconds = reader.ReadInt64(),
            ExpiresMilliseconds = reader.ReadInt64(),
            Place = new StorePlace(reader.ReadString(), reader.ReadString(), reader.ReadString()),
            Shards = ReadShards(reader),
        };
        return view with
        {
            Superblock = view.Superblock with { ShardCount = view.Shards.Length },
        };
    }

    // The number of shards stands with them.
    private static Superblock ReadSuperblock(BinaryReader reader) => new()
    {
        Store = new StoreId(reader.ReadUInt64(), reader.ReadUInt64()),
        ShardCount = 0,
        SegmentBytes = reader.ReadInt32(),
        HashSeed = reader.ReadUInt64(),
        Session = reader.ReadUInt32(),
        CreatedMilliseconds = reader.ReadInt64(),
    };

    private static CloneShard[] ReadShards(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        if (count is < 1 or > FlashStoreOptions.MaxShards)
        {
            throw Damaged($"it has {count} shards");
        }

        var shards = new CloneShard[count];
        for (int i = 0; i < count; i++)
        {
            shards[i] = ReadShard(reader);
        }

        return shards;
    }

    private static CloneShard ReadShard(BinaryReader reader)
    {
        ulong sequence = reader.ReadUInt64();
        int count = reader.ReadInt32();
        long rest = reader.BaseStream.Length - reader.BaseStream.Position;
        if (count < 0 || (long)count * SegmentBytes > rest)
        {
            throw Damaged($"a shard of it has {count} segments");
        }

        var segments = new CloneSegment[count];
        for (int i = 0; i < count; i++)
        {
            segments[i] = new CloneSegment(
                reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt32());
        }

        return new CloneShard(sequence, segments);
    }

    private static void Write(BinaryWriter writer, Superblock superblock)
    {
        writer.Write(superblock.Store.High);
        writer.Write(superblock.Store.Low);
        writer.Write(superblock.SegmentBytes);
        writer.Write(superblock.HashSeed);
        writer.Write(superblock.Session);
        writer.Write(superblock.CreatedMilliseconds);
    }

    private static void Write(BinaryWriter writer, CloneShard shard)
    {
        writer.Write(shard.Sequence);
        writer.Write(shard.Segments.Length);
        foreach (CloneSegment segment in shard.Segments)
        {
            writer.Write(segment.Slot);
            writer.Write(segment.Id);
            writer.Write(segment.End);
        }
    }

    private static void CheckVersion(byte[] bytes)
    {
        const int Least = FormatVersionOffset + sizeof(uint) + ChecksumBytes;
        if (bytes.Length < Least || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
        {
            throw Damaged("it does not begin as one");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(VersionOffset));
        uint format = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FormatVersionOffset));
        if (version != Version || format != FormatVersion.Current)
        {
            throw new CloneRefusedException(
                CloneRefusal.OtherVersion,
                $"its view has version {version} of a store of format {format}; this library reads "
                + $"version {Version} of format {FormatVersion.Current}");
        }
    }

    private static CloneRefusedException Damaged(string how) =>
        new(CloneRefusal.Protocol, $"the view that the store has sent is damaged: {how}");
}
