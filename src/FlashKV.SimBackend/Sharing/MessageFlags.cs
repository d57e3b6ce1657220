namespace FlashKV.SimBackend.Sharing;

/// <summary>The flags of a request.</summary>
[Flags]
internal enum MessageFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>WRITE_REGISTER is not answered.</summary>
    NoReply = 1,

    /// <summary>The argument of an IOCTL travels in the messages.</summary>
    Inline = 2,
}
