using FlashKV.Log;

namespace FlashKV.Recovery;

/// <summary>What the header and the footer of a slot on the device say.</summary>
/// <param name="Header">
/// The header; of kind <see cref="SegmentKind.Free"/> if there is none.
/// </param>
/// <param name="IsPrepared">Whether the blocks of the slot were written before.</param>
/// <param name="Footer">The footer; null unless the segment is sealed.</param>
internal readonly record struct SlotSurvey(
    SegmentHeader Header, bool IsPrepared, SegmentFooter? Footer)
{
    public bool IsInUse => Header.Kind != SegmentKind.Free;
}
