namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>A resource handle of the scripted adapter, with blocks of its own.</summary>
internal sealed class ScriptedLun(bool isVirtual)
{
    private const int BlockBytes = 4096;

    private readonly Dictionary<ulong, byte[]> _blocks = [];

    internal bool IsVirtual => isVirtual;

    internal ulong BlockCount { get; set; }

    internal void Read(ulong block, Span<byte> destination)
    {
        if (_blocks.TryGetValue(block, out byte[]? bytes))
            bytes.CopyTo(destination);
        else
            destination[..BlockBytes].Clear();
    }

    internal void Write(ulong block, ReadOnlySpan<byte> source) =>
        _blocks[block] = source[..BlockBytes].ToArray();

    internal void Forget(ulong block) => _blocks.Remove(block);

    internal bool Holds(ulong block) => _blocks.ContainsKey(block);
}
