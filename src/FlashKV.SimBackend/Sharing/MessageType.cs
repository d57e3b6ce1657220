namespace FlashKV.SimBackend.Sharing;

/// <summary>The requests of the adapter protocol.</summary>
internal enum MessageType : ushort
{
    /// <summary>Opens a connection: version, and a proof that memory can be reached.</summary>
    Hello = 1,

    /// <summary>Opens a node.</summary>
    Open = 2,

    /// <summary>Says what a file id is.</summary>
    Identify = 3,

    /// <summary>Issues an ioctl.</summary>
    Ioctl = 4,

    /// <summary>Checks a mapping of a context's window.</summary>
    Map = 5,

    /// <summary>Reads a register.</summary>
    ReadRegister = 6,

    /// <summary>Writes a register.</summary>
    WriteRegister = 7,

    /// <summary>Waits until commands were answered.</summary>
    Wait = 8,

    /// <summary>Announces that a copy of a context's descriptor is about to be closed.</summary>
    Closing = 9,

    /// <summary>Says that it has been closed.</summary>
    Closed = 10,

    /// <summary>Looks a path of the device tree up.</summary>
    Lookup = 11,

    /// <summary>Lists the nodes.</summary>
    List = 12,

    /// <summary>Gives the medium of a device, for reading.</summary>
    Medium = 13,

    /// <summary>Says what the driver has put into the tables of a context.</summary>
    Translate = 14,

    /// <summary>Does something to an adapter that a program cannot do.</summary>
    Control = 32,
}
