using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Tests;

public class PayloadTests
{
    private const int Length = 100;

    [Fact]
    public void Value_is_that_of_its_record_and_of_no_other()
    {
        byte[] value = Make(number: 7, version: 3);

        Payload.CheckWhole(value, Length, 7);
        Assert.Throws<InvalidOperationException>(() => Payload.Check(value, Length, 8));
        Assert.Throws<InvalidOperationException>(() => Payload.Check(value, Length + 1, 7));
        Assert.Throws<InvalidOperationException>(() => Payload.Check([], Length, 7));
    }

    [Fact]
    public void Value_of_two_versions_is_noticed()
    {
        byte[] torn = Make(number: 7, version: 3);
        Make(number: 7, version: 4).AsSpan(Length / 2).CopyTo(torn.AsSpan(Length / 2));

        Assert.Throws<InvalidOperationException>(() => Payload.Check(torn, Length, 7));
    }

    [Fact]
    public void Every_changed_byte_is_noticed_by_the_whole_check()
    {
        for (int i = 0; i < Length; i++)
        {
            byte[] value = Make(number: 7, version: 3);
            value[i] ^= 0x10;
            Assert.Throws<InvalidOperationException>(() => Payload.CheckWhole(value, Length, 7));
        }
    }

    [Fact]
    public void Key_carries_its_number()
    {
        byte[] key = new byte[24];
        Payload.WriteKey(key, 123_456_789_012);
        Assert.Equal(123_456_789_012, Payload.NumberOf(key));
    }

    private static byte[] Make(long number, long version)
    {
        byte[] value = new byte[Length];
        Payload.WritePattern(value);
        Payload.Stamp(value, number, version);
        return value;
    }
}
