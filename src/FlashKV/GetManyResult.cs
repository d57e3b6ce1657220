using FlashKV.Shards;

namespace FlashKV;

/// <summary>
/// What <see cref="FlashStore.GetMany"/> found; made once and used for many calls. It grows with
/// the values and keeps its memory, so that later calls allocate nothing.
/// </summary>
/// <remarks>
/// One thread uses it at a time. The spans are valid until the next call with it.
/// </remarks>
public sealed class GetManyResult
{
    private const int Absent = -1;
    private const int FirstBytes = 4096;

    private (int Offset, int Length)[] _values = [];
    private byte[] _bytes = [];
    private int _used;

    /// <summary>The number of keys of the last call.</summary>
    public int Count { get; private set; }

    internal ManyReader Reader { get; } = new();

    /// <summary>The value of a key; empty if the key is not there.</summary>
    /// <param name="index">The place of the key in the call, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            CheckIndex(index);
            (int offset, int length) = _values[index];
            return length == Absent ? default : _bytes.AsSpan(offset, length);
        }
    }

    /// <summary>Whether a key is there.</summary>
    /// <param name="index">The place of the key in the call, from 0.</param>
    /// <returns>Whether it is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public bool IsFound(int index)
    {
        CheckIndex(index);
        return _values[index].Length != Absent;
    }

    /// <summary>Begins anew: none of the keys is there.</summary>
    internal void Begin(int count)
    {
        if (_values.Length < count)
        {
            _values = new (int, int)[Math.Max(count, 2 * _values.Length)];
        }

        _values.AsSpan(0, count).Fill((0, Absent));
        _used = 0;
        Count = count;
    }

    /// <summary>Copies the value of a key.</summary>
    internal void Set(int index, ReadOnlySpan<byte> value)
    {
        if (value.Length > _bytes.Length - _used)
        {
            Grow(value.Length);
        }

        value.CopyTo(_bytes.AsSpan(_used));
        _values[index] = (_used, value.Length);
        _used += value.Length;
    }

    private void Grow(int length)
    {
        long needed = (long)_used + length;
        if (needed > Array.MaxLength)
        {
            throw new InsufficientMemoryException(
                $"The values of one call can have {Array.MaxLength} bytes in all.");
        }

        long size = Math.Max(Math.Max(needed, FirstBytes), 2L * _bytes.Length);
        Array.Resize(ref _bytes, (int)Math.Min(size, Array.MaxLength));
    }

    private void CheckIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
    }
}
