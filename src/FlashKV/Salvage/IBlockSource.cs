namespace FlashKV.Salvage;

/// <summary>The blocks of a device that is only read, whatever state it is in.</summary>
internal interface IBlockSource : IDisposable
{
    /// <summary>The whole blocks that the device has.</summary>
    long BlockCount { get; }

    /// <summary>Reads whole blocks.</summary>
    /// <param name="block">The first block of the device.</param>
    /// <param name="destination">A whole number of blocks.</param>
    /// <returns>false if the device failed to read one of them.</returns>
    bool TryRead(long block, Span<byte> destination);
}
