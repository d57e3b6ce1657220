using System.Globalization;
using System.Text;
using FlashKV.Shards;

namespace FlashKV.Simulation.Machines;

/// <summary>The keys and values of a simulation, by number.</summary>
internal static class Keys
{
    // Some keys are long, so that records begin and end anywhere in a block.
    private const int LongEvery = 7;
    private const int LongBytes = 700;

    public static byte[] Name(int key)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"key {key}");
        return Encoding.ASCII.GetBytes(
            key % LongEvery == 0 ? text.PadRight(LongBytes, '.') : text);
    }

    public static int Number(ReadOnlySpan<byte> name) =>
        int.Parse(
            Encoding.ASCII.GetString(name)["key ".Length..].TrimEnd('.'),
            CultureInfo.InvariantCulture);

    /// <summary>A value that tells which write it is of, if it has four bytes at all.</summary>
    public static byte[] Value(int write, int length)
    {
        byte[] value = new byte[length];
        new Random(write).NextBytes(value);
        if (length >= sizeof(int))
        {
            BitConverter.TryWriteBytes(value, write);
        }

        return value;
    }

    /// <summary>Whether a value was once written, as far as it has the bytes to tell.</summary>
    public static bool IsValue(byte[] value) =>
        value.Length < sizeof(int)
        || Value(BitConverter.ToInt32(value), value.Length).AsSpan().SequenceEqual(value);

    /// <summary>The first keys, by the hash that they have.</summary>
    public static ILookup<ulong, int> ByHash(MachineOptions options)
    {
        const int Count = 20;
        var hasher = new KeyHasher((uint)options.StoreSeed, options.Shards, options.HashMask);
        return Enumerable.Range(0, Count).ToLookup(key => hasher.Hash(Name(key)));
    }

    public static Func<int, int> Sharding(MachineOptions options)
    {
        var hasher = new KeyHasher((uint)options.StoreSeed, options.Shards, options.HashMask);
        return key => hasher.ShardOf(hasher.Hash(Name(key)));
    }
}
