using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Turns structures of the other byte order into the host's and back. CDBs and sense data are bytes
/// and stay as they are.
/// </summary>
internal static class ByteOrder
{
    /// <summary>The value of endian_ctrl for this machine's own byte order.</summary>
    internal static ulong HostEndianControl =>
        BitConverter.IsLittleEndian ? SislHostMap.EndianLittle : SislHostMap.EndianBig;

    /// <summary>Whether structures of a byte order have to be swapped on this machine.</summary>
    internal static bool IsForeign(bool isBigEndian) => isBigEndian == BitConverter.IsLittleEndian;

    /// <summary>Swaps the numbers of an IOARCB.</summary>
    internal static void Swap(ref SislIoarcb ioarcb)
    {
        ioarcb.CtxId = BinaryPrimitives.ReverseEndianness(ioarcb.CtxId);
        ioarcb.ReqFlags = (SislReqFlags)BinaryPrimitives.ReverseEndianness(
            (ushort)ioarcb.ReqFlags);
        ioarcb.ResHndl = BinaryPrimitives.ReverseEndianness(ioarcb.ResHndl);
        ioarcb.LunId = BinaryPrimitives.ReverseEndianness(ioarcb.LunId);
        ioarcb.DataLen = BinaryPrimitives.ReverseEndianness(ioarcb.DataLen);
        ioarcb.IoadlLen = BinaryPrimitives.ReverseEndianness(ioarcb.IoadlLen);
        ioarcb.DataEa = BinaryPrimitives.ReverseEndianness(ioarcb.DataEa);
        ioarcb.Timeout = BinaryPrimitives.ReverseEndianness(ioarcb.Timeout);
        ioarcb.Rsvd = BinaryPrimitives.ReverseEndianness(ioarcb.Rsvd);
        ioarcb.Ioasa = BinaryPrimitives.ReverseEndianness(ioarcb.Ioasa);
    }

    /// <summary>Swaps the number of an IOASA: all else are bytes.</summary>
    internal static void Swap(ref SislIoasa ioasa) =>
        ioasa.Resid = BinaryPrimitives.ReverseEndianness(ioasa.Resid);

    /// <summary>Swaps the numbers of an IOASA that tells of a new LUN.</summary>
    internal static void Swap(ref SislIoasaProvision ioasa)
    {
        ioasa.LunIdHi = BinaryPrimitives.ReverseEndianness(ioasa.LunIdHi);
        ioasa.LunIdLo = BinaryPrimitives.ReverseEndianness(ioasa.LunIdLo);
    }

    /// <summary>
    /// Swaps the numbers of an RHT entry. Format 1 has its LUN id where format 0 has an address,
    /// and bytes where it has a count.
    /// </summary>
    internal static void Swap(ref SislRhtEntry entry)
    {
        entry.LxtStart = BinaryPrimitives.ReverseEndianness(entry.LxtStart);
        if (SislRht.Format(entry.Fp) == 0)
        {
            entry.LxtCnt = BinaryPrimitives.ReverseEndianness(entry.LxtCnt);
        }
    }
}
