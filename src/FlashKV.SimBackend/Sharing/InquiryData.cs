using System.Buffers.Binary;
using System.Text;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>What a LUN answers to INQUIRY.</summary>
internal static class InquiryData
{
    internal const string Vendor = "IBM";
    internal const string Model = "FlashKV";
    internal const string Revision = "0001";

    private const int VendorBytes = 8;
    private const int ModelBytes = 16;
    private const int PageHeaderBytes = 4;
    private const byte SupportedPages = 0x00;
    private const byte SerialNumber = 0x80;
    private const byte Identification = 0x83;

    /// <summary>Standard data: 36 bytes.</summary>
    internal static byte[] Standard()
    {
        byte[] data = new byte[36];
        data[2] = 6;
        data[3] = 0x12;
        data[4] = (byte)(data.Length - 5);
        data[7] = 0x02;
        WritePadded(Vendor, data.AsSpan(8, VendorBytes));
        WritePadded(Model, data.AsSpan(16, ModelBytes));
        WritePadded(Revision, data.AsSpan(32, 4));
        return data;
    }

    /// <summary>A page of vital product data.</summary>
    /// <returns><see langword="null"/> for a page that there is not.</returns>
    internal static byte[]? Page(ScsiDevice device, byte page) => page switch
    {
        SupportedPages => WithHeader(page, [SupportedPages, SerialNumber, Identification]),
        SerialNumber => SerialNumberPage(device),
        Identification => IdentificationPage(device),
        _ => null,
    };

    /// <summary>Page 0x80: the serial number, which is the identifier in letters.</summary>
    internal static byte[] SerialNumberPage(ScsiDevice device) =>
        WithHeader(SerialNumber, Encoding.ASCII.GetBytes(WwidText(device)));

    /// <summary>
    /// Page 0x83: one designator, NAA of 16 bytes in binary, of the logical unit. (SP §5.11 names
    /// association 3 and protocol 1, as that tool takes the two fields out of the bytes.)
    /// </summary>
    internal static byte[] IdentificationPage(ScsiDevice device)
    {
        const byte Binary = 1;
        const byte Naa = 3;
        Bytes16 wwid = device.Wwid;
        ReadOnlySpan<byte> name = wwid;
        byte[] designator = new byte[PageHeaderBytes + name.Length];
        designator[0] = Binary;
        designator[1] = Naa;
        designator[3] = (byte)name.Length;
        name.CopyTo(designator.AsSpan(PageHeaderBytes));
        return WithHeader(Identification, designator);
    }

    /// <summary>The world-wide identifier in hexadecimal.</summary>
    internal static string WwidText(ScsiDevice device)
    {
        Bytes16 wwid = device.Wwid;
        return Convert.ToHexStringLower(wwid);
    }

    private static byte[] WithHeader(byte page, ReadOnlySpan<byte> content)
    {
        byte[] data = new byte[PageHeaderBytes + content.Length];
        data[1] = page;
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), (ushort)content.Length);
        content.CopyTo(data.AsSpan(PageHeaderBytes));
        return data;
    }

    private static void WritePadded(string text, Span<byte> field)
    {
        field.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, field);
    }
}
