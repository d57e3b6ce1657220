namespace FlashKV.SimBackend.Driver;

/// <summary>A step of the driver that a test can make fail.</summary>
internal enum DriverFault
{
    /// <summary>The argument cannot be copied in.</summary>
    CopyIn,

    /// <summary>The argument cannot be copied out; what was done stays.</summary>
    CopyOut,

    /// <summary>READ CAPACITY(16) fails.</summary>
    ReadCapacity,

    /// <summary>The device takes no reference.</summary>
    DeviceReference,

    /// <summary>No memory for a context's record of a LUN.</summary>
    AccessMemory,

    /// <summary>No memory for a context.</summary>
    ContextMemory,

    /// <summary>No context is free on the AFU.</summary>
    ContextSeat,

    /// <summary>The AFU does not start a context.</summary>
    ContextStart,

    /// <summary>A context gets a process element that is out of range.</summary>
    ProcessElement,

    /// <summary>The process has no free descriptor.</summary>
    Descriptor,

    /// <summary>The AFU does not take the capabilities.</summary>
    CapabilityWrite,

    /// <summary>No memory for the chunks of a LUN.</summary>
    ChunkMemory,

    /// <summary>No memory for a translation table.</summary>
    TranslationMemory,

    /// <summary>No memory for a LUN.</summary>
    LunMemory,

    /// <summary>The driver's own mbox_r reads all ones.</summary>
    MasterMailbox,

    /// <summary>No memory for the data of a debug command.</summary>
    DebugMemory,
}
