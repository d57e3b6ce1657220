using System.Buffers.Binary;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Recovery;

/// <summary>Opening a store of so many records that they are parted.</summary>
public sealed class IndexBuilderTests
{
    private const int Keys = 20_000;

    [Theory]
    [InlineData(1, ulong.MaxValue, true)]
    [InlineData(2, ulong.MaxValue, false)]
    [InlineData(3, 0xFFF0_0000_0000_0FFFUL, true)] // keys that share their hashes
    [InlineData(4, ~0xFFUL, false)] // hashes that fill a part of the parts
    public void The_newest_version_of_every_key_is_found(int seed, ulong hashMask, bool isClosed)
    {
        using CoreHarness harness = new(hashMask: hashMask);
        int[] versions = new int[Keys];
        byte[] key = new byte[sizeof(int)];
        Random random = new(seed);
        for (int step = 1; step < 3 * Keys; step++)
        {
            int number = random.Next(Keys);
            BinaryPrimitives.WriteInt32LittleEndian(key, number);
            if (random.Next(4) == 0)
            {
                Assert.Equal(versions[number] != 0, harness.Delete(key));
                versions[number] = 0;
            }
            else
            {
                harness.Put(key, BitConverter.GetBytes(step));
                versions[number] = step;
            }
        }

        if (isClosed)
        {
            harness.Core.Seal();
        }

        harness.KillAndReopen();

        long keys = 0;
        for (int number = 0; number < Keys; number++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(key, number);
            byte[]? found = harness.Get(key);
            int version = found is null ? 0 : BitConverter.ToInt32(found);
            Assert.True(versions[number] == version, $"key {number}, seed {seed}");
            keys += version == 0 ? 0 : 1;
        }

        long indexed = 0;
        foreach (FlashKV.Shards.Shard shard in harness.Core.Shards)
        {
            indexed += shard.Index.Count;
        }

        Assert.Equal(keys, indexed);
    }
}
