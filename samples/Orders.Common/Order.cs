using System.Buffers.Binary;

namespace FlashKV.Samples.Orders;

/// <summary>An order: its key is its number, big-endian, its value 24 bytes.</summary>
internal readonly record struct Order(long Number, long Cents, DateTime At, int City)
{
    public const int KeyBytes = sizeof(long);
    public const int ValueBytes = 24;

    public static IReadOnlyList<string> Cities { get; } =
        ["Amsterdam", "Berlin", "Cairo", "Delhi", "Edinburgh", "Florence", "Geneva", "Hanoi"];

    public void Write(Span<byte> key, Span<byte> value)
    {
        BinaryPrimitives.WriteInt64BigEndian(key, Number);
        BinaryPrimitives.WriteInt64LittleEndian(value, Cents);
        BinaryPrimitives.WriteInt64LittleEndian(value[8..], At.Ticks);
        BinaryPrimitives.WriteInt64LittleEndian(value[16..], City);
    }

    public static Order Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => new(
        BinaryPrimitives.ReadInt64BigEndian(key),
        BinaryPrimitives.ReadInt64LittleEndian(value),
        new DateTime(BinaryPrimitives.ReadInt64LittleEndian(value[8..]), DateTimeKind.Utc),
        (int)BinaryPrimitives.ReadInt64LittleEndian(value[16..]));
}
