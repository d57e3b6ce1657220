using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// All registers of the AFU at their addresses (SP §4.1): what the driver has mapped. Values are
/// numbers; on the bus they are big-endian.
/// </summary>
/// <remarks>
/// The windows of contexts that are not there read all ones. Registers that do not exist read 0 and
/// ignore what is written; so does an address that is no multiple of 8, as only whole registers can
/// be accessed.
/// </remarks>
internal sealed class AfuRegisterMap(AfuModel afu)
{
    /// <summary>Reads a register.</summary>
    /// <param name="address">The byte address in the map.</param>
    internal ulong Read(ulong address)
    {
        int offset = OffsetOf(address);
        switch (offset)
        {
            case < 0:
                return 0;
            case < AfuAddressMap.Controls:
                return afu.FindContext(offset / AfuAddressMap.HostStride)
                    ?.Read(offset % AfuAddressMap.HostStride) ?? SislHostMap.AllOnes;
            case < AfuAddressMap.Global:
                return FindControl(offset)?.Read(ControlOffset(offset)) ?? 0;
            case < AfuAddressMap.FcPortsBank0:
                return afu.Registers.Read(offset - AfuAddressMap.Global);
            default:
                return FindPort(offset, out bool isTable, out int inPort) is not { } port ? 0
                    : isTable ? Volatile.Read(ref port.LunTable[inPort / sizeof(ulong)])
                    : port.Read(inPort);
        }
    }

    /// <summary>Writes a register.</summary>
    /// <param name="address">The byte address in the map.</param>
    /// <param name="value">The value.</param>
    internal void Write(ulong address, ulong value)
    {
        int offset = OffsetOf(address);
        switch (offset)
        {
            case < 0:
                break;
            case < AfuAddressMap.Controls:
                afu.FindContext(offset / AfuAddressMap.HostStride)
                    ?.Write(offset % AfuAddressMap.HostStride, value);
                break;
            case < AfuAddressMap.Global:
                FindControl(offset)?.Write(ControlOffset(offset), value);
                break;
            case < AfuAddressMap.FcPortsBank0:
                afu.Registers.Write(offset - AfuAddressMap.Global, value);
                afu.UpdatePorts();
                break;
            default:
                WritePort(offset, value);
                break;
        }
    }

    private void WritePort(int offset, ulong value)
    {
        if (FindPort(offset, out bool isTable, out int inPort) is not { } port)
        {
            return;
        }

        if (isTable)
        {
            Volatile.Write(ref port.LunTable[inPort / sizeof(ulong)], value);
        }
        else
        {
            port.Write(inPort, value);
            afu.UpdatePorts();
        }
    }

    private ControlMap? FindControl(int offset) => afu.FindContext(
        (offset - AfuAddressMap.Controls) / AfuAddressMap.ControlStride)?.Control;

    private static int ControlOffset(int offset) =>
        (offset - AfuAddressMap.Controls) % AfuAddressMap.ControlStride;

    // Each bank has the registers of two ports and then their two LUN tables.
    private FcPort? FindPort(int offset, out bool isTable, out int inPort)
    {
        int fromPorts = offset - AfuAddressMap.FcPortsBank0;
        int page = fromPorts / AfuAddressMap.PortStride;
        int bank = page / (2 * AfuAddressMap.PortsPerBank);
        int inBank = page % (2 * AfuAddressMap.PortsPerBank);
        int port = (bank * AfuAddressMap.PortsPerBank) + (inBank % AfuAddressMap.PortsPerBank);
        isTable = inBank >= AfuAddressMap.PortsPerBank;
        inPort = fromPorts % AfuAddressMap.PortStride;
        return port < afu.PortCount ? afu.Port(port) : null;
    }

    private static int OffsetOf(ulong address) =>
        address < AfuAddressMap.SizeInBytes && address % sizeof(ulong) == 0 ? (int)address : -1;
}
