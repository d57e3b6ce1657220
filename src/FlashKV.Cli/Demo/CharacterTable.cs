using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace FlashKV.Cli.Demo;

/// <summary>
/// The data set of the demonstration: the lines of UnicodeData.txt (see data/README.md), each under
/// its code point.
/// </summary>
internal sealed class CharacterTable
{
    private const string Resource = "UnicodeData.txt.gz";
    private const string Sha256 =
        "806e9aed65037197f1ec85e12be6e8cd870fc5608b4de0fffd990f689f376a73";

    private CharacterTable(IReadOnlyList<KeyValuePair<byte[], byte[]>> records)
    {
        Records = records;
        Bytes = records.Sum(record => (long)record.Key.Length + record.Value.Length);
    }

    /// <summary>Code points and lines, in the order of the file.</summary>
    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Records { get; }

    /// <summary>Bytes of all keys and values.</summary>
    public long Bytes { get; }

    /// <summary>Unpacks the table that is built into the tool.</summary>
    public static CharacterTable Load()
    {
        byte[] text = Unpack();
        if (Convert.ToHexStringLower(SHA256.HashData(text)) != Sha256)
        {
            throw new InvalidDataException($"the resource {Resource} is not what was built in");
        }

        List<KeyValuePair<byte[], byte[]>> records = [];
        foreach (string line in Encoding.ASCII.GetString(text).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string codePoint = line[..line.IndexOf(';', StringComparison.Ordinal)];
            records.Add(new(Encoding.ASCII.GetBytes(codePoint), Encoding.ASCII.GetBytes(line)));
        }

        return new CharacterTable(records);
    }

    private static byte[] Unpack()
    {
        using Stream packed = typeof(CharacterTable).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidDataException($"the resource {Resource} is missing");
        using GZipStream unpacked = new(packed, CompressionMode.Decompress);
        using MemoryStream text = new();
        unpacked.CopyTo(text);
        return text.ToArray();
    }
}
