using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>A command as it was fetched: the IOARCB and where its answer goes.</summary>
internal struct FetchedCommand
{
    /// <summary>What the response entry holds: the address of the IOARCB or of the IOASA.</summary>
    public ulong ResponseAddress;

    /// <summary>The address of the IOASA.</summary>
    public ulong IoasaAddress;

    /// <summary>Whether an injected fault has delayed it and no other may strike it.</summary>
    public bool WasDelayed;

    /// <summary>
    /// The copy that the AFU works from; the client's may change behind its back.
    /// </summary>
    public SislIoarcb Ioarcb;

    /// <summary>Takes a command whose block was at an address (IOARRIN mode).</summary>
    internal void Take(in SislIoarcb ioarcb, ulong address)
    {
        Ioarcb = ioarcb;
        ResponseAddress = address;
        IoasaAddress = address + SislIoarcb.SizeInBytes;
        WasDelayed = false;
    }

    /// <summary>Takes a command out of a submission ring.</summary>
    internal void Take(in SislIoarcb ioarcb)
    {
        Ioarcb = ioarcb;
        ResponseAddress = ioarcb.Ioasa;
        IoasaAddress = ioarcb.Ioasa;
        WasDelayed = false;
    }
}
