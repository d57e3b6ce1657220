using FlashKV.Cli.Text;

namespace FlashKV.Cli.Tests.Text;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1500000", 1_500_000)]
    [InlineData("64M", 64L << 20)]
    [InlineData("64m", 64L << 20)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("3 kb", 3_000)]
    [InlineData("7TB", 7_000_000_000_000)]
    [InlineData("10B", 10)]
    public void A_size_is_read_with_its_unit(string text, long bytes)
    {
        Assert.True(Quantity.TryParseBytes(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1")]
    [InlineData("1.5G")]
    [InlineData("12 parsecs")]
    [InlineData("9223372036854775808")]
    [InlineData("9223372036854775807K")]
    public void What_is_no_size_is_refused(string text) =>
        Assert.False(Quantity.TryParseBytes(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_000, "1.0 kB")]
    [InlineData(1_913_704, "1.9 MB")]
    [InlineData(250_000_000, "250 MB")]
    [InlineData(12e15, "12000 TB")]
    public void A_size_is_written_with_two_or_three_digits(double bytes, string text) =>
        Assert.Equal(text, Quantity.Bytes(bytes));

    [Theory]
    [InlineData(5, "0:05")]
    [InlineData(67, "1:07")]
    [InlineData(3_600 + 62, "1:01:02")]
    [InlineData(100 * 3_600, "100:00:00")]
    public void A_time_left_is_a_clock(int seconds, string text) =>
        Assert.Equal(text, Quantity.Clock(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(1, "1 record")]
    [InlineData(0, "0 records")]
    [InlineData(34_924, "34,924 records")]
    public void A_noun_agrees_with_its_number(long count, string text) =>
        Assert.Equal(text, Quantity.Count(count, "record"));

    [Fact]
    public void A_rate_over_no_time_is_still_a_number() =>
        Assert.Equal("1,000,000", Quantity.PerSecond(1, TimeSpan.Zero));
}
