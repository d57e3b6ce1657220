using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace FlashKV.Analytics.Tests;

/// <summary>
/// A store of orders in a directory of its own: the key is <c>order:N</c>, the value an amount in
/// cents and the city in UTF-8. Every third order has no city, and every fifth an amount of zero.
/// </summary>
internal sealed class TestStore : IDisposable
{
    private static readonly string[] s_cities = ["Aachen", "Köln", "Zürich", "東京"];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("flashkv-tables-");

    public TestStore()
    {
        Store = FlashStore.Open(InDirectory("store"), new FlashStoreOptions { Shards = 4 });
    }

    public FlashStore Store { get; }

    /// <summary>The columns of an order.</summary>
    public static TableSchema Orders { get; } = new(
        TableColumn.Text("id", static entry => entry.Key),
        TableColumn.Int64("cents", static entry => Cents(entry.Value)),
        TableColumn.Double("amount", static entry => Cents(entry.Value) / 100.0),
        TableColumn.Boolean("paid", static entry => Cents(entry.Value) is null ? null : true),
        TableColumn.Timestamp("at", static entry => At(entry.Value)),
        TableColumn.Bytes("city", static entry => entry.Value[8..]));

    public string InDirectory(string name) => Path.Combine(_directory.FullName, name);

    public static byte[] KeyOf(int order) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"order:{order}"));

    public static byte[] ValueOf(int order)
    {
        byte[] city = Encoding.UTF8.GetBytes(order % 3 == 0 ? "" : s_cities[order % 4]);
        byte[] value = new byte[8 + city.Length];
        BinaryPrimitives.WriteInt64LittleEndian(value, order % 5 == 0 ? 0 : order * 7L);
        city.CopyTo(value, 8);
        return value;
    }

    public static long? Cents(ReadOnlySpan<byte> value)
    {
        long cents = BinaryPrimitives.ReadInt64LittleEndian(value);
        return cents == 0 ? null : cents;
    }

    public static DateTime? At(ReadOnlySpan<byte> value) =>
        Cents(value) is { } cents ? DateTime.UnixEpoch.AddSeconds(cents) : null;

    public void Fill(int orders)
    {
        for (int order = 0; order < orders; order++)
        {
            Store.Put(KeyOf(order), ValueOf(order), Durability.Buffered);
        }
    }

    public void Dispose()
    {
        Store.Dispose();
        _directory.Delete(recursive: true);
    }
}
