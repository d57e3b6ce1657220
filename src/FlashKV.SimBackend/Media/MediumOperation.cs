namespace FlashKV.SimBackend;

/// <summary>What a <see cref="MediumTransfer"/> does.</summary>
internal enum MediumOperation
{
    /// <summary>Reads blocks into memory.</summary>
    Read,

    /// <summary>Writes blocks; they may stay in a volatile cache until a flush.</summary>
    Write,

    /// <summary>Writes blocks through to stable storage.</summary>
    WriteThrough,

    /// <summary>Gives the blocks back; they read as zeros.</summary>
    Discard,
}
