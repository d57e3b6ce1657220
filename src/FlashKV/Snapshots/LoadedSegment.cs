using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Snapshots;

/// <summary>The bytes of a segment as they were when they were loaded.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Image">The bytes of its slot, as far as they are loaded and not released.</param>
/// <param name="End">The offset in the slot at which its records end, or can.</param>
/// <param name="IsSealed">
/// Whether its footer says where its records end. The checksums of a staged segment are set one by
/// one, so they are not looked at.
/// </param>
/// <param name="IsAllLive">
/// Whether the index pointed to each of its records, after the cut was taken: then those that
/// belong to the cut are the newest of their keys in it too.
/// </param>
internal readonly record struct LoadedSegment(
    Segment Segment, NativeRegion Image, int End, bool IsSealed, bool IsAllLive);
