using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>One path to a LUN: a device node. In superpipe mode it has a local LUN.</summary>
internal sealed class ScsiDevice(string path, AdapterDriver adapter, int channel, AfuTarget target)
{
    /// <summary>The path of the node, such as /dev/sg0.</summary>
    internal string Path => path;

    /// <summary>The adapter that it is behind.</summary>
    internal AdapterDriver Adapter => adapter;

    /// <summary>The port of the adapter.</summary>
    internal int Channel => channel;

    /// <summary>The LUN as the AFU reaches it.</summary>
    internal AfuTarget Target => target;

    /// <summary>The world-wide identifier, which page 83 gives.</summary>
    internal Bytes16 Wwid { get; set; }

    /// <summary>What MANAGE_LUN has bound it to; <see langword="null"/> in legacy mode.</summary>
    internal LocalLun? Lun { get; set; }

    /// <summary>Whether a rescan has found that the LUN is not there any more.</summary>
    internal bool IsGone { get; set; }

    /// <summary>What its file <c>mode</c> in sysfs holds.</summary>
    internal string ModeAttribute => Lun is null ? "legacy\n" : "superpipe\n";
}
