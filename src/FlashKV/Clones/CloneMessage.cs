namespace FlashKV.Clones;

/// <summary>What the two processes of a clone say to each other.</summary>
internal enum CloneMessage : uint
{
    /// <summary>From the reader, first: versions, and which clone it wants.</summary>
    Hello = 1,

    /// <summary>To the reader: why it gets none.</summary>
    Refused = 2,

    /// <summary>To the reader: the view.</summary>
    View = 3,

    /// <summary>From the reader: what to clone? To it: the LUNs, as text.</summary>
    Sources = 4,

    /// <summary>From the reader: it is open.</summary>
    Ready = 5,

    /// <summary>To the reader: it has ended, and why.</summary>
    End = 6,

    /// <summary>From the reader: it has closed the clone.</summary>
    Bye = 7,
}
