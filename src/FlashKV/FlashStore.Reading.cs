using System.Runtime.CompilerServices;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV;

/// <summary>Reading.</summary>
public sealed partial class FlashStore
{
    /// <summary>Reads a value without allocating managed memory.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">The value; the caller disposes it if the key is there.</param>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="CorruptStoreException">The record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, out ValueLease value)
    {
        CheckKey(key);
        ulong hash = _context.Hasher.Hash(key);
        using Epoch.Operation operation = Epoch.Enter();
        if (!_core.ShardOf(hash).TryFind(hash, key, out FoundRecord found))
        {
            value = default;
            return false;
        }

        value = found.Lease(_context.Buffers);
        return true;
    }

    /// <summary>Copies a value.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="destination">
    /// Where to; a value that is longer is cut off at its end.
    /// </param>
    /// <returns>The length of the value in bytes; -1 if the key is not there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="CorruptStoreException">The record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        CheckKey(key);
        ulong hash = _context.Hasher.Hash(key);
        Shard shard = _core.ShardOf(hash);

        // Nothing before the end of the operation throws, so it needs no protected region, which
        // would keep what is in use out of registers.
        Epoch.Operation operation = Epoch.Enter();
        FindResult result = shard.FindNear(hash, key, out ReadOnlySpan<byte> value);
        if (result == FindResult.Found)
        {
            int length = Copy(value, destination);
            operation.Dispose();
            return length;
        }

        operation.Dispose();
        return result == FindResult.Absent ? -1 : GetFar(shard, hash, key, destination);
    }

    /// <summary>Reads a value into a new array.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <returns>The value; null if the key is not there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="CorruptStoreException">The record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        if (!TryGet(key, out ValueLease value))
        {
            return null;
        }

        using (value)
        {
            return value.Span.ToArray();
        }
    }

    /// <summary>Whether a key is there.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <returns>Whether it is.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="CorruptStoreException">A record with its hash is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool Contains(ReadOnlySpan<byte> key) => Get(key, []) >= 0;

    /// <summary>
    /// Reads the values of many keys, faster than one by one: what they need from memory and from
    /// the device is fetched for up to 64 keys at a time. Not atomic: each key has a value that it
    /// had at some moment during the call, and the moments differ.
    /// </summary>
    /// <param name="keys">
    /// The keys, 1 to 65,535 bytes each; one may stand there several times.
    /// </param>
    /// <param name="results">
    /// Gets the values, in the order of the keys; what it held before is gone. No other thread uses
    /// it meanwhile. If the call throws, what it holds is not defined.
    /// </param>
    /// <returns>How many of the keys are there.</returns>
    /// <exception cref="ArgumentException">A key has a length out of range.</exception>
    /// <exception cref="InsufficientMemoryException">
    /// The values have more bytes in all than an array can.
    /// </exception>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public int GetMany(ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        ArgumentNullException.ThrowIfNull(results);
        ThrowIfDisposed();
        foreach (ReadOnlyMemory<byte> key in keys)
        {
            CheckKeyLength(key.Length);
        }

        results.Begin(keys.Length);
        return results.Reader.Read(_core, keys, results);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int GetFar(
        Shard shard, ulong hash, ReadOnlySpan<byte> key, Span<byte> destination)
    {
        using Epoch.Operation operation = Epoch.Enter();
        if (!shard.TryFind(hash, key, out FoundRecord found))
        {
            return -1;
        }

        using (found)
        {
            return Copy(found.Record.Value, destination);
        }
    }

    /// <summary>Copies what fits of a value, and gives its length.</summary>
    internal static int Copy(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        value[..Math.Min(value.Length, destination.Length)].CopyTo(destination);
        return value.Length;
    }
}
