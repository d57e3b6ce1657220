using System.IO.Hashing;

namespace FlashKV.Simulation.Episodes;

/// <summary>A hash of everything that happened: two runs are the same if it is.</summary>
internal sealed class Trace
{
    private readonly XxHash3 _hash = new();

    public ulong Hash => _hash.GetCurrentHashAsUInt64();

    public void Add(int kind, long place, ReadOnlySpan<byte> content)
    {
        Span<byte> head = stackalloc byte[sizeof(int) + sizeof(long)];
        BitConverter.TryWriteBytes(head, kind);
        BitConverter.TryWriteBytes(head[sizeof(int)..], place);
        _hash.Append(head);
        _hash.Append(content);
    }
}
