using System.Diagnostics;

namespace FlashKV.Index;

/// <summary>
/// A writer's hold on the bucket of a hash, from <see cref="HashIndex.Acquire"/> or
/// <see cref="BatchLatches.Open"/>. No other writer is in the bucket until it is disposed.
/// </summary>
internal ref struct BucketWriter
{
    private const int None = -1;

    private readonly HashIndex _index;
    private readonly Bucket _bucket;
    private readonly ulong _tagPattern;
    private readonly bool _releases;
    private int _current;
    private int _next;
    private int _change;

    internal BucketWriter(HashIndex index, Bucket bucket, ulong tagPattern, bool releases)
    {
        _index = index;
        _bucket = bucket;
        _tagPattern = tagPattern;
        _releases = releases;
        _current = None;
    }

    /// <summary>Goes on to the next entry whose tag is that of the hash.</summary>
    public bool Next(out IndexEntry entry)
    {
        BucketControl control = _bucket.Control;
        int position;
        while ((position = _bucket.FindMatch(control, _tagPattern, _next)) >= 0)
        {
            _next = position + 1;
            entry = new IndexEntry(_bucket.GetSlot(control, position));
            if (!entry.IsEmpty) // An empty word looks like the tag 0.
            {
                _current = position;
                return true;
            }
        }

        _current = None;
        entry = default;
        return false;
    }

    /// <summary>Begins again with the first entry.</summary>
    public void Rewind()
    {
        _current = None;
        _next = 0;
    }

    /// <summary>Stores another entry in place of what <see cref="Next"/> gave last.</summary>
    public readonly void Replace(IndexEntry entry)
    {
        Debug.Assert(_current != None, "no current entry");
        Debug.Assert(!entry.IsEmpty, "an entry is not empty");
        Volatile.Write(
            ref _bucket.GetSlot(_bucket.Control, _current), entry.WithTag(_tagPattern).Word);
    }

    /// <summary>Removes the entry that <see cref="Next"/> gave last.</summary>
    public void Remove()
    {
        Debug.Assert(_current != None, "no current entry");
        _bucket.RemoveAt(_current);
        _next = _current; // Another entry may have taken its place.
        _current = None;
        _change--;
    }

    /// <summary>Adds an entry for the hash; others with the same tag stay.</summary>
    /// <returns>
    /// False when the memory budget has no room for it, or the bucket has its 1,031 entries.
    /// </returns>
    public bool Insert(IndexEntry entry)
    {
        Debug.Assert(!entry.IsEmpty, "an entry is not empty");
        if (!_bucket.Insert(entry.WithTag(_tagPattern).Word))
        {
            return false;
        }

        _change++;
        return true;
    }

    /// <summary>Ends the hold. The changes are visible to readers as they are made.</summary>
    public readonly void Dispose()
    {
        if (!_releases)
        {
            _ = _index.AddToCount(_change); // The batch pays for the growth at its end.
            return;
        }

        _bucket.Unlatch();
        if (_index.AddToCount(_change))
        {
            _index.SplitOwed(HashIndex.SplitsPerVisit);
        }
    }
}
