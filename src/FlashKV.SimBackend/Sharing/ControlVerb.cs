namespace FlashKV.SimBackend.Sharing;

/// <summary>What a CONTROL request asks for.</summary>
internal enum ControlVerb : uint
{
    /// <summary>Resets an adapter.</summary>
    Reset = 1,

    /// <summary>Ends an adapter for good.</summary>
    Fail = 2,

    /// <summary>Takes the link of a port up or down.</summary>
    Port = 3,

    /// <summary>Makes the next command on a LUN end with a unit attention.</summary>
    Attention = 4,

    /// <summary>Changes the capacity of a LUN.</summary>
    Capacity = 5,

    /// <summary>Counts.</summary>
    Statistics = 6,
}
