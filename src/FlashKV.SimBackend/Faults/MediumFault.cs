namespace FlashKV.SimBackend;

/// <summary>
/// What goes wrong with one operation of a medium; see <see cref="FaultyMedium.InjectFault"/>.
/// </summary>
public enum MediumFault
{
    /// <summary>A read ends with <see cref="MediumStatus.MediumError"/>.</summary>
    ReadError = 0,

    /// <summary>A read succeeds, and one bit of what it read is wrong.</summary>
    ReadBitFlip = 1,

    /// <summary>
    /// A write ends with <see cref="MediumStatus.MediumError"/> and wrote nothing.
    /// </summary>
    WriteError = 2,

    /// <summary>
    /// A write ends with <see cref="MediumStatus.MediumError"/>; of each block some sectors of 512
    /// bytes are new and some old.
    /// </summary>
    TornWrite = 3,

    /// <summary>A write says that it succeeded and wrote nothing.</summary>
    LostWrite = 4,

    /// <summary>A write says that it succeeded and went to other blocks.</summary>
    MisdirectedWrite = 5,

    /// <summary>
    /// A write succeeds, and one bit of what is on the medium is wrong from then on.
    /// </summary>
    WriteBitFlip = 6,

    /// <summary>
    /// A write ends with <see cref="MediumStatus.OutOfSpace"/> and wrote nothing.
    /// </summary>
    OutOfSpace = 7,

    /// <summary>A flush ends with <see cref="MediumStatus.MediumError"/> and did nothing.</summary>
    FlushError = 8,

    /// <summary>A flush says that it succeeded and did nothing.</summary>
    LostFlush = 9,
}
