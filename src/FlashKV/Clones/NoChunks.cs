using FlashKV.Log;

namespace FlashKV.Clones;

/// <summary>A clone does not grow.</summary>
internal sealed class NoChunks : IChunkSource
{
    public static readonly NoChunks Instance = new();

    private NoChunks()
    {
    }

    public bool TryGrow(int shard) => false;
}
