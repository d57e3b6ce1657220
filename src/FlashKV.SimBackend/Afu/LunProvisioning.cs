using System.Buffers.Binary;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// LUNs that are made and deleted by command (SP §4.8): they lie in memory and are gone with the
/// adapter. Each port has room for a number of them and for a number of blocks.
/// </summary>
internal sealed class LunProvisioning
{
    /// <summary>The most LUNs of a port that are made by command.</summary>
    internal const int MaxLunsOfPort = 16;

    /// <summary>The most blocks of 4,096 bytes that they have together.</summary>
    internal const long MaxBlocksOfPort = 1 << 20;

    // Above all LUNs that an adapter starts with.
    private const int FirstIndex = SimulatedAdapterOptions.MaxLuns;

    private readonly Lock _lock = new();
    private readonly AfuModel _afu;
    private readonly AfuTarget?[] _targets;

    internal LunProvisioning(AfuModel afu)
    {
        _afu = afu;
        _targets = new AfuTarget?[afu.PortCount * MaxLunsOfPort];
        for (int port = 0; port < afu.PortCount; port++)
        {
            afu.Port(port)[SislFcPortRegisters.MaxNumLuns] = MaxLunsOfPort;
            afu.Port(port)[SislFcPortRegisters.MaxCapPort] = MaxBlocksOfPort;
        }
    }

    /// <summary>All of them.</summary>
    internal IEnumerable<AfuTarget> Targets => _targets.OfType<AfuTarget>();

    /// <summary>The LUN of an id, if it was made by command.</summary>
    internal AfuTarget? Find(ulong lunId)
    {
        ulong index = (lunId >> 48) - FirstIndex;
        AfuTarget? target =
            index < (ulong)_targets.Length ? Volatile.Read(ref _targets[index]) : null;
        return target is not null && target.LunId == lunId ? target : null;
    }

    /// <summary>Makes or deletes a LUN.</summary>
    internal CommandResult Execute(in SislIoarcb ioarcb)
    {
        ReadOnlySpan<byte> cdb = ioarcb.Cdb;
        int port = cdb[2];
        if (port >= _afu.PortCount)
        {
            return CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb);
        }

        lock (_lock)
        {
            return cdb[1] switch
            {
                SislAfuCommand.ProvisionCreate =>
                    Create(port, BinaryPrimitives.ReadUInt64BigEndian(cdb[8..])),
                SislAfuCommand.ProvisionDelete => Delete(port, ioarcb.LunId),
                _ => CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb),
            };
        }
    }

    private CommandResult Create(int port, ulong blocks)
    {
        FcPort registers = _afu.Port(port);
        int slots = port * MaxLunsOfPort;
        int free = Array.IndexOf(_targets, null, slots, MaxLunsOfPort);
        ulong used = registers[SislFcPortRegisters.CurCapPort];
        if (free < 0 || blocks > MaxBlocksOfPort - used)
        {
            return CommandResult.Check(ScsiSense.OutOfSpace);
        }

        if (blocks == 0)
        {
            return CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb);
        }

        AfuTarget made = new(FirstIndex + free, new MemoryMedium((long)blocks), 1 << port);
        Volatile.Write(ref _targets[free], made);
        Count(registers, luns: 1, (long)blocks);
        return CommandResult.OfProvisioned(made.LunId);
    }

    private CommandResult Delete(int port, ulong lunId)
    {
        if (Find(lunId) is not { } target || target.Ports != 1 << port)
        {
            return CommandResult.IllegalRequest(ResourceTranslation.AscLunNotSupported);
        }

        // Commands in flight may still be using its memory, which goes when nothing refers to it.
        Volatile.Write(ref _targets[target.Index - FirstIndex], null);
        Count(_afu.Port(port), luns: -1, -target.Medium.BlockCount);
        return default;
    }

    private static void Count(FcPort port, int luns, long blocks)
    {
        port[SislFcPortRegisters.CurNumLuns] += (ulong)(long)luns;
        port[SislFcPortRegisters.CurCapPort] += (ulong)blocks;
    }
}
