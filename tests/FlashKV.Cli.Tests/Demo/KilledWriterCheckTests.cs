using FlashKV.Cli.Demo;

namespace FlashKV.Cli.Tests.Demo;

public sealed class KilledWriterCheckTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly NumberedRecords _records = new(
    [
        new("a"u8.ToArray(), "x"u8.ToArray()),
        new("b"u8.ToArray(), "y#1"u8.ToArray()),
        new("c"u8.ToArray(), "z"u8.ToArray()),
    ]);

    private readonly KilledWriterCheck _check;
    private readonly FlashStore _store;

    public KilledWriterCheckTests()
    {
        _check = new KilledWriterCheck(_records);
        _store = FlashStore.Open(_directory["store"]);
    }

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Everything_up_to_what_was_sent_may_be_there()
    {
        WriteUpTo(5);
        _check.Record(sent: 7, acknowledgedCount: 4);

        Assert.Null(_check.FindDamage(_store));
        Assert.Equal(4, _check.AcknowledgedCount);
    }

    [Fact]
    public void A_write_that_was_not_acknowledged_may_be_missing()
    {
        WriteUpTo(2);
        _check.Record(sent: 3, acknowledgedCount: 2);

        Assert.Null(_check.FindDamage(_store));
    }

    [Fact]
    public void An_acknowledged_key_that_is_missing_is_damage()
    {
        WriteUpTo(2);
        _check.Record(sent: 3, acknowledgedCount: 3);

        Assert.Equal("write 2 was acknowledged and is lost", _check.FindDamage(_store));
    }

    [Fact]
    public void An_older_value_than_the_acknowledged_one_is_damage()
    {
        WriteUpTo(3);
        _check.Record(sent: 3, acknowledgedCount: 3);
        _check.Record(sent: 6, acknowledgedCount: 1);

        Assert.Equal(
            "key a has the value of write 0 though 3 was acknowledged", _check.FindDamage(_store));
    }

    [Theory]
    [InlineData("a", "x#6", "has a value that was never written")]
    [InlineData("a", "x#1", "has a value that was never written")]
    [InlineData("a", "x#", "has a value that was never written")]
    [InlineData("a", "x", "has a value that was never written")]
    [InlineData("a", "X#3", "has a value that was never written")]
    [InlineData("b", "y#1", "has a value that was never written")]
    [InlineData("d", "x#3", "was never written")]
    public void A_record_that_nobody_wrote_is_damage(string key, string value, string damage)
    {
        WriteUpTo(3);
        _store.Put(Bytes(key), Bytes(value), Durability.Buffered);
        _check.Record(sent: 6, acknowledgedCount: 0);

        Assert.Equal($"key {key} {damage}", _check.FindDamage(_store));
    }

    [Fact]
    public void A_line_is_what_import_takes() =>
        Assert.Equal("b\ty#1#4\n"u8, _records.Line(4));

    private static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);

    private void WriteUpTo(long count)
    {
        for (long number = 0; number < count; number++)
        {
            _store.Put(_records.Key(number), _records.Value(number), Durability.Buffered);
        }
    }
}
