using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>A shard that takes part in a batch.</summary>
/// <param name="Shard">The number of the shard.</param>
/// <param name="Log">Its log; null once what the shard has of the batch is durable.</param>
/// <param name="RecordCount">The members of the batch in it.</param>
/// <param name="LastSequence">The sequence number of its last record in the batch.</param>
internal readonly record struct BatchParticipant(
    int Shard, ShardLog? Log, int RecordCount, ulong LastSequence)
{
    public bool IsDurable => Log is null || Log.DurableSequence >= LastSequence;
}
