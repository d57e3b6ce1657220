using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>A segment that salvage has found, on the device or in staging.</summary>
/// <param name="Header">Its header, or what could be pieced together of it.</param>
/// <param name="Footer">Its footer; null if it was not sealed or the footer is lost.</param>
/// <param name="DeviceBlock">Its first block on the device.</param>
/// <param name="StagingOffset">Where in the staging file its bytes are; -1 if they are not.</param>
/// <param name="IsDamaged">Whether its frame is damaged: it was sealed, or may have been.</param>
internal sealed record FoundSegment(
    SegmentHeader Header,
    SegmentFooter? Footer,
    long DeviceBlock,
    long StagingOffset,
    bool IsDamaged);
