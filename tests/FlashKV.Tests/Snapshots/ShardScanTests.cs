using System.Buffers.Binary;
using FlashKV.Snapshots;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Snapshots;

public sealed class ShardScanTests
{
    private const int Keys = 300;

    [Fact]
    public void Every_key_comes_once_in_the_order_of_the_log()
    {
        using CoreHarness harness = Filled();

        Assert.Equal(Enumerable.Range(0, Keys).Where(IsThere), Scan(harness, out bool isDamaged));
        Assert.False(isDamaged);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(100)]
    [InlineData(Keys - 1)]
    public void What_stands_before_a_damaged_record_comes_before_the_damage_is_told(int damaged)
    {
        using CoreHarness harness = Filled();
        while (harness.Core.Context.Cache.TryTake(out _))
        {
        }

        // The end of a block may lie in the one, then not in the other.
        Assert.True(harness.Device.Corrupt(Value(damaged).AsSpan(0, 100))
            || harness.Device.Corrupt(Value(damaged).AsSpan(200, 100)));

        Assert.Equal(
            Enumerable.Range(0, damaged).Where(IsThere), Scan(harness, out bool isDamaged));
        Assert.True(isDamaged);
    }

    private static bool IsThere(int key) => key % 10 != 4;

    // Deletes come last, so that the records of the keys that are gone stand between the others.
    private static CoreHarness Filled()
    {
        var harness = new CoreHarness(shards: 1);
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(Key(i), Value(i));
        }

        for (int i = 4; i < Keys; i += 10)
        {
            harness.Delete(Key(i));
        }

        harness.KillAndReopen(); // seals everything
        return harness;
    }

    private static List<int> Scan(CoreHarness harness, out bool isDamaged)
    {
        List<int> keys = [];
        StoreCut cut = StoreCut.Take(harness.Core, new SnapshotOptions());
        using ShardScan scan = new(cut, cut.Shards[0], harness.Core.Context);
        isDamaged = false;
        try
        {
            while (scan.MoveNext())
            {
                keys.Add(BinaryPrimitives.ReadInt32LittleEndian(scan.Current.Key));
                Assert.Equal(Value(keys[^1]), scan.Current.Value.ToArray());
            }
        }
        catch (CorruptStoreException)
        {
            isDamaged = true;
        }

        cut.End(CutEnd.Disposed);
        return keys;
    }

    private static byte[] Key(int number) => BitConverter.GetBytes(number);

    private static byte[] Value(int number)
    {
        byte[] value = new byte[500 + (number % 7)];
        new Random(number).NextBytes(value);
        return value;
    }
}
