namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Byte offsets of the AFU's whole register space. Source: sislite.h, struct cxlflash_afu_map.
/// </summary>
internal static class AfuAddressMap
{
    /// <summary>Host transport maps, one per context, open to users.</summary>
    internal const int Hosts = 0;

    internal const int HostStride = CxlflashLimits.MmioSize;

    /// <summary>Control maps, one per context, for the driver only.</summary>
    internal const int Controls = CxlflashLimits.MaxContexts * HostStride;

    internal const int ControlStride = 128;

    internal const int Global = 0x2010000;

    internal const int FcPortsBank0 = 0x2012000;
    internal const int LunTablesBank0 = 0x2014000;
    internal const int FcPortsBank1 = 0x2016000;
    internal const int LunTablesBank1 = 0x2018000;

    /// <summary>Bytes of one port's registers, and of one port's LUN table.</summary>
    internal const int PortStride = 0x1000;

    internal const int PortsPerBank = 2;

    internal const int SizeInBytes = 0x2020000;

    /// <summary>The first register of a port (0 to 3).</summary>
    internal static int FcPort(int port) =>
        (port < PortsPerBank ? FcPortsBank0 : FcPortsBank1) + (port % PortsPerBank * PortStride);

    /// <summary>The first LUN-table slot of a port (0 to 3).</summary>
    internal static int LunTable(int port) =>
        (port < PortsPerBank ? LunTablesBank0 : LunTablesBank1)
        + (port % PortsPerBank * PortStride);
}
