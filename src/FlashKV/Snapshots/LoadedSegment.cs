using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Snapshots;

/// <summary>The bytes of a segment as they were when it was loaded.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Image">The bytes of its slot, until the next one is loaded.</param>
/// <param name="IsSealed">
/// Whether its footer says where its records end. The checksums of a staged segment are set one by
/// one, so they are not looked at.
/// </param>
/// <param name="IsAllLive">
/// Whether the index pointed to each of its records, after the cut was taken: then those that
/// belong to the cut are the newest of their keys in it too.
/// </param>
internal readonly record struct LoadedSegment(
    Segment Segment, NativeRegion Image, bool IsSealed, bool IsAllLive);
