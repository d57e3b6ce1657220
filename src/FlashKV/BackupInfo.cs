namespace FlashKV;

/// <summary>A backup in a directory.</summary>
/// <param name="Number">Its number.</param>
/// <param name="CreatedAt">The moment that it is of.</param>
/// <param name="Shards">The shards of its store.</param>
/// <param name="Segments">The segments that it consists of.</param>
/// <param name="Bytes">Their bytes, those that it shares with other backups among them.</param>
public readonly record struct BackupInfo(
    int Number, DateTimeOffset CreatedAt, int Shards, long Segments, long Bytes);
