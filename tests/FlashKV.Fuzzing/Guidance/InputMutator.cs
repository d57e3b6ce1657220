using FlashKV.Simulation.Fuzzing;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>Makes new inputs of old ones.</summary>
internal sealed class InputMutator(Random random)
{
    private const int MostBytes = 4_096;
    private const int MostChanges = 5;

    /// <summary>Gives an input like another one.</summary>
    public byte[] Mutate(IReadOnlyList<byte[]> pool)
    {
        byte[] input = Pick(pool);
        for (int i = random.Next(1, MostChanges); i > 0; i--)
        {
            input = random.Next(8) switch
            {
                0 => ByteMutator.Resize(input, Pick(pool), random),
                1 => Insert(input),
                2 => Remove(input),
                _ => Change(input),
            };
        }

        return input.Length > MostBytes ? input[..MostBytes] : input;
    }

    /// <summary>Gives an input of chance.</summary>
    public byte[] Draw(int most)
    {
        byte[] input = new byte[random.Next(most)];
        random.NextBytes(input);
        return input;
    }

    private byte[] Pick(IReadOnlyList<byte[]> pool) => pool[random.Next(pool.Count)];

    private byte[] Change(byte[] input)
    {
        byte[] changed = [.. input];
        ByteMutator.Mutate(changed, random);
        return changed;
    }

    private byte[] Insert(byte[] input)
    {
        int at = random.Next(input.Length + 1);
        return [.. input[..at], .. Draw(16), .. input[at..]];
    }

    private byte[] Remove(byte[] input)
    {
        int at = random.Next(input.Length + 1);
        int count = random.Next(Math.Min(16, input.Length - at) + 1);
        return [.. input[..at], .. input[(at + count)..]];
    }
}
