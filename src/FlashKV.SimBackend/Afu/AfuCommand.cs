namespace FlashKV.SimBackend.Afu;

/// <summary>A command on its way through a lane.</summary>
internal struct AfuCommand
{
    /// <summary>What the response entry holds.</summary>
    internal ulong ResponseAddress;

    /// <summary>Where the IOASA goes.</summary>
    internal ulong IoasaAddress;

    /// <summary>The LUN it goes to; <see langword="null"/> until it is translated.</summary>
    internal AfuTarget? Target;

    /// <summary>Whether the medium has something to do for it.</summary>
    internal bool HasTransfer;

    /// <summary>What the medium has to do.</summary>
    internal MediumOperation Operation;

    /// <summary>The first block on the LUN, after translation.</summary>
    internal long Block;

    /// <summary>The number of blocks.</summary>
    internal int BlockCount;

    /// <summary>Whether one block of memory is written to all blocks (WRITE SAME).</summary>
    internal bool RepeatsBlock;

    /// <summary>The memory, for everything but a discard.</summary>
    internal nint Data;

    /// <summary>The address of the memory in the client, where it is another one.</summary>
    internal ulong DataAddress;

    /// <summary>How many losses of ports there were when it chose its port.</summary>
    internal long PortLossesBefore;

    /// <summary>The interrupt to raise with the response; 0 is none.</summary>
    internal byte Msi;

    /// <summary>
    /// Whether its transfer is under way: it is answered when that has been collected.
    /// </summary>
    internal bool IsUnderWay;

    /// <summary>Whether the response is to get lost (an injected fault).</summary>
    internal bool LosesResponse;

    /// <summary>Whether its status is written but no response (an injected fault).</summary>
    internal bool LosesEntry;

    /// <summary>
    /// Whether a page of the command, its status or its response was not there (an injected fault).
    /// </summary>
    internal bool RaisesPageIn;

    /// <summary>
    /// Whether it is to be executed later (an injected fault); its response is kept back till then.
    /// </summary>
    internal bool IsDelayed;

    /// <summary>The index of the medium transfer that it is part of.</summary>
    internal int Transfer;

    /// <summary>How it ended.</summary>
    internal CommandResult Result;
}
