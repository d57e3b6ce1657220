namespace FlashKV;

/// <summary>
/// Data on the device is not what was written there. Nothing that depends on it was returned or
/// changed.
/// </summary>
public sealed class CorruptStoreException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="shard">The shard; -1 for the chunk of the superblock.</param>
    /// <param name="lba">The block, counted from 0 in the LUN of the shard.</param>
    /// <param name="field">The field that is wrong.</param>
    /// <param name="expected">What it should be.</param>
    /// <param name="found">What it is.</param>
    public CorruptStoreException(int shard, long lba, string field, string expected, string found)
        : base($"{Place(shard)}, block {lba}: {field} should be {expected} but is {found}.")
    {
        Shard = shard;
        Lba = lba;
        Field = field;
        Expected = expected;
        Found = found;
    }

    /// <summary>Creates an exception for a file of the store other than the device.</summary>
    /// <param name="file">The path of the file.</param>
    /// <param name="field">The field that is wrong.</param>
    /// <param name="expected">What it should be.</param>
    /// <param name="found">What it is.</param>
    public CorruptStoreException(string file, string field, string expected, string found)
        : base($"File '{file}': {field} should be {expected} but is {found}.")
    {
        File = file;
        Shard = -1;
        Lba = -1;
        Field = field;
        Expected = expected;
        Found = found;
    }

    /// <summary>The file, if it is not the device; else null.</summary>
    public string? File { get; }

    /// <summary>The shard; -1 for the chunk of the superblock.</summary>
    public int Shard { get; }

    /// <summary>
    /// The block, counted from 0 in 4,096-byte blocks of the LUN of the shard; -1 in a file.
    /// </summary>
    public long Lba { get; }

    /// <summary>The field that is wrong.</summary>
    public string Field { get; }

    /// <summary>What the field should be.</summary>
    public string Expected { get; }

    /// <summary>What the field is.</summary>
    public string Found { get; }

    private static string Place(int shard) => shard < 0 ? "Superblock" : $"Shard {shard}";
}
