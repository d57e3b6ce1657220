using System.Buffers.Binary;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// CDBs of commands to the AFU itself (<see cref="SislReqFlags.AfuCmd"/>), which only the driver's
/// context may send. Source: sislite.h, SISL_AFU_CMD_*; main.c, cxlflash_afu_sync.
/// </summary>
internal static class SislAfuCommand
{
    internal const byte Sync = 0xC0;
    internal const byte LunProvision = 0xD0;
    internal const byte Debug = 0xE0;

    /// <summary>After additions to RHT or LXT.</summary>
    internal const byte LightSync = 0;

    /// <summary>After removals: also waits for the commands in flight.</summary>
    internal const byte HeavySync = 1;

    /// <summary>Around a link reset.</summary>
    internal const byte GlobalSync = 2;

    internal const byte ProvisionCreate = 0;
    internal const byte ProvisionDelete = 1;

    /// <summary>CDB[0] of a <see cref="SislReqFlags.TmfCmd"/>.</summary>
    internal const byte TmfLunReset = 1;

    /// <summary>CDB[0] of a <see cref="SislReqFlags.TmfCmd"/>.</summary>
    internal const byte TmfClearAca = 2;

    internal static void WriteSync(Span<byte> cdb, byte mode, ushort context, uint handle)
    {
        cdb[..16].Clear();
        cdb[0] = Sync;
        cdb[1] = mode;
        BinaryPrimitives.WriteUInt16BigEndian(cdb[2..], context);
        BinaryPrimitives.WriteUInt32BigEndian(cdb[4..], handle);
    }

    internal static void WriteLunProvision(Span<byte> cdb, byte action, byte port, ulong size)
    {
        cdb[..16].Clear();
        cdb[0] = LunProvision;
        cdb[1] = action;
        cdb[2] = port;
        BinaryPrimitives.WriteUInt64BigEndian(cdb[8..], size);
    }
}
