using FlashKV.SimBackend.Driver;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// The allocator against SP §3.7 taken literally: the same chunks in the same order, bit for bit.
/// </summary>
public sealed class ChunkAllocatorModelTests
{
    [Fact]
    public void Random_histories_grant_the_chunks_that_the_specification_says()
    {
        Gen<int[]> steps = Gen.Choose(0, int.MaxValue - 1).ArrayOf(300);
        Arbitrary<(int, int[])> histories = Arb.From(
            Gen.Choose(1, 200).SelectMany(size => steps.Select(list => (size, list))));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(200),
            Prop.ForAll(histories, history => Run(history.Item1, history.Item2)));
    }

    private static void Run(int chunkCount, int[] steps)
    {
        ChunkAllocator real = new(chunkCount);
        Literal literal = new(chunkCount);
        foreach (int step in steps)
        {
            // Histories lean towards allocation, and free in runs, as resizing does.
            int chunk = (step / 8) % (chunkCount + 1);
            switch (step % 8)
            {
                case < 4:
                    Assert.Equal(literal.Allocate(), real.Allocate());
                    break;
                case 4:
                    Assert.Equal(literal.Clone(chunk) >= 0, real.TryClone(chunk));
                    break;
                default:
                    Assert.Equal(literal.Free(chunk) >= 0, real.TryFree(chunk));
                    break;
            }

            Assert.Equal(literal.FreeCount, real.FreeCount);
        }
    }

    /// <summary>The paragraph of SP §3.7, word by word.</summary>
    private sealed class Literal
    {
        private readonly ulong[] _words;
        private readonly int[] _clones;
        private readonly int _total;
        private int _low;
        private int _current;
        private int _high;

        internal Literal(int total)
        {
            _total = total;
            FreeCount = total;
            _clones = new int[total];
            _words = new ulong[(total + 63) / 64];
            for (int i = 0; i < total; i++)
            {
                _words[i / 64] |= 1ul << (i % 64);
            }

            _high = _words.Length;
        }

        internal int FreeCount { get; private set; }

        internal int Allocate()
        {
            int word = First(_current, _high);
            word = word < 0 ? First(_low, _current) : word;
            if (word < 0)
            {
                return -1;
            }

            int bit = 0;
            while ((_words[word] & (1ul << bit)) == 0)
            {
                bit++;
            }

            _words[word] &= ~(1ul << bit);
            FreeCount--;
            _current = bit == 63 ? word + 1 : word;
            return (word * 64) + bit;
        }

        internal int Free(int chunk)
        {
            if (!IsAllocated(chunk))
            {
                return -1;
            }

            if (_clones[chunk] > 0)
            {
                _clones[chunk]--;
                return 0;
            }

            int word = chunk / 64;
            _words[word] |= 1ul << (chunk % 64);
            FreeCount++;
            if (word < _low)
            {
                _low = word;
            }
            else if (word > _high)
            {
                _high = word;
            }

            return 0;
        }

        internal int Clone(int chunk) =>
            !IsAllocated(chunk) || _clones[chunk] == 0xFF ? -1 : _clones[chunk]++;

        private bool IsAllocated(int chunk) =>
            chunk < _total && (_words[chunk / 64] & (1ul << (chunk % 64))) == 0;

        private int First(int from, int end)
        {
            for (int i = from; i < end; i++)
            {
                if (_words[i] != 0)
                {
                    return i;
                }
            }

            return -1;
        }
    }
}
