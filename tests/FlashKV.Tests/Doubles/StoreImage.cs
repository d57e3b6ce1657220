using System.Buffers.Binary;
using System.IO.Compression;

namespace FlashKV.Tests.Doubles;

/// <summary>
/// The files of a store in one small archive: each file as an entry named <c>name@length</c> that
/// holds the blocks with something in them, each behind its offset.
/// </summary>
internal static class StoreImage
{
    private const int BlockBytes = 4096;

    public static void Save(string directory, string archive)
    {
        using ZipArchive zip = ZipFile.Open(archive, ZipArchiveMode.Create);
        foreach (string path in Directory.GetFiles(directory).Order(StringComparer.Ordinal))
        {
            using FileStream file = File.OpenRead(path);
            ZipArchiveEntry entry = zip.CreateEntry(
                $"{Path.GetFileName(path)}@{file.Length}", CompressionLevel.SmallestSize);
            using Stream packed = entry.Open();
            Pack(file, packed);
        }
    }

    public static void Restore(string archive, string directory)
    {
        using ZipArchive zip = ZipFile.OpenRead(archive);
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            string[] parts = entry.Name.Split('@');
            using FileStream file = File.Create(Path.Combine(directory, parts[0]));
            using Stream packed = entry.Open();
            Unpack(packed, file);
            file.SetLength(long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private static void Pack(FileStream file, Stream packed)
    {
        byte[] block = new byte[sizeof(long) + BlockBytes];
        for (long offset = 0; offset < file.Length; offset += BlockBytes)
        {
            int bytes = file.ReadAtLeast(
                block.AsSpan(sizeof(long)), BlockBytes, throwOnEndOfStream: false);
            block.AsSpan(sizeof(long) + bytes).Clear();
            if (block.AsSpan(sizeof(long)).ContainsAnyExcept((byte)0))
            {
                BinaryPrimitives.WriteInt64LittleEndian(block, offset);
                packed.Write(block);
            }
        }
    }

    private static void Unpack(Stream packed, FileStream file)
    {
        byte[] block = new byte[sizeof(long) + BlockBytes];
        while (packed.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) == block.Length)
        {
            file.Position = BinaryPrimitives.ReadInt64LittleEndian(block);
            file.Write(block.AsSpan(sizeof(long)));
        }
    }
}
