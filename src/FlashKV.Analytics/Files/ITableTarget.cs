using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics.Files;

/// <summary>Where the row groups of the shards go.</summary>
internal interface ITableTarget
{
    /// <summary>The files that it is, for so many shards.</summary>
    int FilesFor(int shards);

    /// <summary>Before the first shard.</summary>
    void Begin();

    /// <summary>Writes all row groups of a shard. By any thread, several shards at once.</summary>
    Task WriteShardAsync(int shard, ShardRows rows, CancellationToken cancellationToken);

    /// <summary>After the last shard.</summary>
    Task CompleteAsync(CancellationToken cancellationToken);
}
