using System.Numerics;
using System.Runtime.InteropServices;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>
/// Which branches an input has taken and about how often, as instrumented code notes it: a byte for
/// each pair of places.
/// </summary>
internal sealed class CoverageMap
{
    private readonly byte[] _seen = new byte[TraceMemory.SizeInBytes];

    /// <summary>How many pairs of places were met at all.</summary>
    public int Edges { get; private set; }

    /// <summary>Ends with an input.</summary>
    /// <returns>Whether it took a branch that none before it has, or as often as none has.</returns>
    public bool Merge()
    {
        bool isNew = false;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(TraceMemory.Bytes);
        for (int word = 0; word < words.Length; word++)
        {
            for (int i = 0; words[word] != 0 && i < sizeof(ulong); i++)
            {
                isNew |= Merge((word * sizeof(ulong)) + i, (byte)(words[word] >> (8 * i)));
            }
        }

        return isNew;
    }

    /// <summary>Forgets what was met.</summary>
    public void Forget()
    {
        _seen.AsSpan().Clear();
        Edges = 0;
    }

    // Once, twice, up to four, up to eight times and so on are different.
    private bool Merge(int place, byte count)
    {
        if (count == 0)
        {
            return false;
        }

        int bucket = 1 << BitOperations.Log2(count);
        Edges += _seen[place] == 0 ? 1 : 0;
        bool isNew = (_seen[place] & bucket) == 0;
        _seen[place] |= (byte)bucket;
        return isNew;
    }
}
