namespace FlashKV.Peers;

/// <summary>Where a read puts a value and its length. Both stay in place until it is done.</summary>
internal readonly unsafe struct Target(byte* value, int* length)
{
    /// <summary>Copies a value out.</summary>
    public void Set(ReadOnlySpan<byte> source)
    {
        if (value is not null)
        {
            // SAFETY: sessions hand in room for the longest value.
            source.CopyTo(new Span<byte>(value, source.Length));
            *length = source.Length;
        }
    }
}
