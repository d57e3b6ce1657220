using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>
/// The bytes of a manifest. On disk: do not change; add a version. See docs/formats.md, "Backup".
/// </summary>
internal static class BackupManifestFormat
{
    public const ulong Magic = 0x3150_4B42_564B_4C46; // "FLKVBKP1"
    public const uint Version = 1;
    public const int HeaderBytes = 80;
    public const int ShardBytes = 16;
    public const int HashBytes = 16;

    private const int MaxShards = FlashStoreOptions.MaxShards;

    public static byte[] Write(BackupManifest manifest)
    {
        byte[] bytes = new byte[LengthOf(manifest.Shards.Length, manifest.SegmentCount)];
        Span<byte> rest = bytes;
        WriteHeader(rest, manifest);
        rest = rest[HeaderBytes..];
        foreach (BackupShard shard in manifest.Shards)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, shard.Sequence);
            BinaryPrimitives.WriteInt32LittleEndian(rest[8..], shard.Segments.Length);
            rest = rest[ShardBytes..];
        }

        foreach (BackupSegment segment in manifest.Shards.SelectMany(static one => one.Segments))
        {
            WriteSegment(rest, segment);
            rest = rest[BackupSegment.SizeInBytes..];
        }

        XxHash128.Hash(bytes.AsSpan(0, bytes.Length - HashBytes), rest);
        return bytes;
    }

    /// <summary>Reads a manifest, and checks each field before it is used.</summary>
    /// <exception cref="BackupException">It is damaged, or of another version.</exception>
    public static BackupManifest Read(ReadOnlySpan<byte> bytes, string path)
    {
        Require(
            bytes.Length >= HeaderBytes + HashBytes
                && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == Magic,
            path,
            "it is no manifest of a backup");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        uint format = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        Require(
            version == Version && format == FormatVersion.Current,
            path,
            $"it is of version {version} for stores of format {format}, and this library reads "
            + $"version {Version} for format {FormatVersion.Current}");
        Require(
            XxHash128.HashToUInt128(bytes[..^HashBytes])
                == BinaryPrimitives.ReadUInt128BigEndian(bytes[^HashBytes..]),
            path,
            "its hash is wrong: it is damaged");
        return ReadChecked(bytes, path);
    }

    private static BackupManifest ReadChecked(ReadOnlySpan<byte> bytes, string path)
    {
        int segmentBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[60..]);
        int shardCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[64..]);
        long segmentCount = BinaryPrimitives.ReadInt64LittleEndian(bytes[72..]);
        Require(
            BitOperations.IsPow2(segmentBytes)
                && segmentBytes is >= FlashStoreOptions.MinSegmentBytes
                    and <= FlashStoreOptions.MaxSegmentBytes,
            path,
            $"a segment cannot have {segmentBytes} bytes");
        Require(
            shardCount is > 0 and <= MaxShards && BitOperations.IsPow2(shardCount),
            path,
            $"a store cannot have {shardCount} shards");
        Require(
            segmentCount >= 0 && segmentCount <= bytes.Length
                && LengthOf(shardCount, segmentCount) == bytes.Length,
            path,
            $"{segmentCount} segments do not fit its length");
        return new BackupManifest
        {
            Superblock = new Superblock
            {
                Store = StoreId.Read(bytes[16..]),
                ShardCount = shardCount,
                SegmentBytes = segmentBytes,
                HashSeed = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
                CreatedMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
                Session = BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]),
            },
            CreatedMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            Shards = ReadShards(
                bytes[HeaderBytes..^HashBytes], shardCount, segmentCount, segmentBytes, path),
        };
    }

    private static BackupShard[] ReadShards(
        ReadOnlySpan<byte> bytes, int count, long segmentCount, int segmentBytes, string path)
    {
        ReadOnlySpan<byte> rest = bytes[(count * ShardBytes)..];
        var geometry = new LogGeometry(segmentBytes);
        var shards = new BackupShard[count];
        for (int shard = 0; shard < count; shard++)
        {
            ReadOnlySpan<byte> entry = bytes[(shard * ShardBytes)..];
            int segments = BinaryPrimitives.ReadInt32LittleEndian(entry[8..]);
            Require(
                segments >= 0 && segments <= segmentCount,
                path,
                $"shard {shard} cannot have {segments} segments");
            segmentCount -= segments;
            shards[shard] = new BackupShard(
                BinaryPrimitives.ReadUInt64LittleEndian(entry),
                ReadSegments(rest, segments, geometry, path));
            rest = rest[(segments * BackupSegment.SizeInBytes)..];
        }

        Require(segmentCount == 0, path, $"{segmentCount} segments belong to no shard");
        return shards;
    }

    private static BackupSegment[] ReadSegments(
        ReadOnlySpan<byte> bytes, int count, LogGeometry geometry, string path)
    {
        var segments = new BackupSegment[count];
        int last = -1;
        for (int i = 0; i < count; i++)
        {
            BackupSegment segment = ReadSegment(bytes[(i * BackupSegment.SizeInBytes)..]);
            Require(
                segment.Slot > last && segment.Slot < int.MaxValue / 2,
                path,
                $"segment {segment.Id:x} cannot be in slot {segment.Slot}");
            Require(
                segment.End == 0 || (segment.End >= geometry.DataOffsetOf(segment.Slot)
                    && segment.End <= geometry.SegmentBytes),
                path,
                $"segment {segment.Id:x} cannot end at {segment.End}");
            int blocks = BackupSegment.BlocksOf(geometry, segment.Slot, segment.End).Blocks;
            Require(
                segment.Bytes == blocks * LogGeometry.BlockBytes,
                path,
                $"segment {segment.Id:x} cannot have {segment.Bytes} bytes");
            last = segment.Slot;
            segments[i] = segment;
        }

        return segments;
    }

    private static int LengthOf(int shards, long segments) => checked((int)(
        HeaderBytes + (shards * ShardBytes) + (segments * BackupSegment.SizeInBytes) + HashBytes));

    private static void WriteHeader(Span<byte> bytes, BackupManifest manifest)
    {
        Superblock superblock = manifest.Superblock;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], FormatVersion.Current);
        superblock.Store.Write(bytes[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], superblock.HashSeed);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], superblock.CreatedMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], manifest.CreatedMilliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[56..], superblock.Session);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[60..], superblock.SegmentBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[64..], manifest.Shards.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], manifest.SegmentCount);
    }

    private static void WriteSegment(Span<byte> bytes, BackupSegment segment)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes, segment.Id);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], segment.Slot);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], segment.End);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], segment.Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], segment.Mark);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[32..], segment.Hash);
    }

    private static BackupSegment ReadSegment(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64LittleEndian(bytes),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt128BigEndian(bytes[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));

    private static void Require(bool holds, string path, string problem)
    {
        if (!holds)
        {
            throw new BackupException(path, problem);
        }
    }
}
