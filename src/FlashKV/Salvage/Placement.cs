using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>Where a chunk of a store lies on the device.</summary>
/// <param name="Shard">The shard that has it.</param>
/// <param name="Ordinal">Its number in the LUN of the shard.</param>
/// <param name="Chunk">Its number on the device.</param>
internal readonly record struct Placement(int Shard, int Ordinal, long Chunk)
{
    /// <summary>The block of the device where the chunk begins.</summary>
    public long FirstBlock => Chunk * LogGeometry.ChunkBlocks;
}
