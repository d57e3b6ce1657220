namespace FlashKV.Shards;

/// <summary>Hears nothing: whoever needs work done does it, or a test steps it.</summary>
internal sealed class NoWorkSignal : IWorkSignal
{
    public static readonly NoWorkSignal Instance = new();

    public void Dirtied(int shard)
    {
    }

    public void Urgent(int shard)
    {
    }

    public void Upkeep(int shard)
    {
    }
}
