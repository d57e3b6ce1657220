using Tsavorite.core;

namespace FlashKV.Peers.Tsavorite;

/// <summary>A key of Tsavorite's over pinned bytes.</summary>
internal readonly unsafe struct KeySpan(byte* bytes, int length) : IKey
{
    public bool IsPinned => true;

    public bool IsEmpty => length == 0;

    // SAFETY: sessions pin the bytes for the whole operation.
    public ReadOnlySpan<byte> KeyBytes => new(bytes, length);

    public bool HasNamespace => false;

    public ReadOnlySpan<byte> NamespaceBytes => [];
}
