namespace FlashKV.SimBackend.Sharing;

/// <summary>What a file id stands for.</summary>
internal enum SharedFileKind : uint
{
    /// <summary>A SCSI device node.</summary>
    Device = 1,

    /// <summary>The adapter's own node.</summary>
    Host = 2,

    /// <summary>A context.</summary>
    Context = 3,
}
