using FlashKV.Cli.Demo;

namespace FlashKV.Cli.Tests.Demo;

public sealed class StoreModelTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StoreModel _model = new();
    private readonly FlashStore _store;

    public StoreModelTests()
    {
        _store = FlashStore.Open(_directory["store"]);
        _store.Put("a"u8, "1"u8, Durability.Buffered);
        _store.Put("b"u8, "2"u8, Durability.Buffered);
        _model["a"u8.ToArray()] = "1"u8.ToArray();
        _model["b"u8.ToArray()] = "2"u8.ToArray();
    }

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void The_same_records_are_no_difference() => Assert.Null(FindDifference());

    [Fact]
    public void Another_value_is_a_difference()
    {
        _store.Put("b"u8, "3"u8, Durability.Buffered);

        Assert.Equal("key b has another value", FindDifference());
    }

    [Fact]
    public void A_missing_key_is_a_difference()
    {
        _store.Delete("a"u8, Durability.Buffered);

        Assert.Equal("1 of 2 keys are missing", FindDifference());
    }

    [Fact]
    public void A_key_too_many_is_a_difference()
    {
        _model["a"u8.ToArray()] = null;

        Assert.Equal("key a should be absent", FindDifference());
    }

    private string? FindDifference() => _model.FindDifference(_store, CancellationToken.None);
}
