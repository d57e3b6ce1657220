using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FlashKV.Log;

/// <summary>The identity of a store: 128 random bits, in every structure it writes.</summary>
internal readonly record struct StoreId(ulong High, ulong Low)
{
    public const int SizeInBytes = 2 * sizeof(ulong);

    public static StoreId Create()
    {
        Span<byte> random = stackalloc byte[SizeInBytes];
        RandomNumberGenerator.Fill(random);
        return Read(random);
    }

    public static StoreId Read(ReadOnlySpan<byte> source) =>
        new(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[sizeof(ulong)..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, High);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[sizeof(ulong)..], Low);
    }

    public override string ToString() => $"{High:x16}{Low:x16}";
}
