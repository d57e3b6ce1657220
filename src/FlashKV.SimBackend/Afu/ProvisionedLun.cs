using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>What the answer to a provisioning command says of the LUN that was made.</summary>
/// <param name="LunId">Its LUN id.</param>
internal sealed record class ProvisionedLun(ulong LunId)
{
    /// <summary>Its world-wide identifier: NAA 6, with the LUN id at the end.</summary>
    internal Bytes16 Wwid
    {
        get
        {
            const byte Naa6 = 0x60;
            const byte MadeByCommand = 0xAF;
            Bytes16 wwid = default;
            wwid[0] = Naa6;
            wwid[1] = MadeByCommand;
            BinaryPrimitives.WriteUInt64BigEndian(((Span<byte>)wwid)[8..], LunId);
            return wwid;
        }
    }
}
