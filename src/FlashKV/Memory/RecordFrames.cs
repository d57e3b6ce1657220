using System.Diagnostics;

namespace FlashKV.Memory;

/// <summary>
/// A queue of frames of cached records: the last one is being filled. The holder of the cache's
/// lock uses it.
/// </summary>
internal sealed class RecordFrames
{
    private const int None = -1;

    private readonly Queue<int> _full = new();
    private int _filling = None;
    private int _used;

    /// <summary>The frames that are full.</summary>
    public int FullCount => _full.Count;

    /// <summary>Claims bytes in the frame that is being filled.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryClaim(int bytes, out int frame, out int offset)
    {
        frame = _filling;
        offset = _used;
        if (frame == None || bytes > RecordCache.FrameBytes - offset)
        {
            return false;
        }

        _used += bytes;
        return true;
    }

    /// <summary>Goes on with an empty frame.</summary>
    /// <returns>The one that is full now, and how much of it is used; -1 if there was none.</returns>
    public (int Frame, int Used) Fill(int frame)
    {
        Debug.Assert(frame != None);
        (int, int) full = (_filling, _used);
        if (_filling != None)
        {
            _full.Enqueue(_filling);
        }

        _filling = frame;
        _used = 0;
        return full;
    }

    /// <summary>Takes the oldest full frame.</summary>
    public bool TryTakeOldest(out int frame) => _full.TryDequeue(out frame);

    /// <summary>Forgets all frames.</summary>
    public void Clear()
    {
        _full.Clear();
        _filling = None;
        _used = 0;
    }
}
