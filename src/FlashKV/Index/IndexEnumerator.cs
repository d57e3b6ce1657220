namespace FlashKV.Index;

/// <summary>Goes through all entries of a <see cref="HashIndex"/> that nobody writes to.</summary>
internal struct IndexEnumerator
{
    private readonly HashIndex _index;
    private long _bucket;
    private int _position;

    internal IndexEnumerator(HashIndex index)
    {
        _index = index;
        _position = -1;
    }

    /// <summary>Gets the entry that <see cref="MoveNext"/> went to.</summary>
    public IndexEntry Current { get; private set; }

    /// <summary>Goes on to the next entry.</summary>
    public bool MoveNext()
    {
        while (_bucket < _index.BucketCount)
        {
            if (MoveNextInBucket(_index.GetBucket(_bucket)))
            {
                return true;
            }

            _bucket++;
            _position = -1;
        }

        return false;
    }

    private bool MoveNextInBucket(Bucket bucket)
    {
        BucketControl control = bucket.Control;
        while (++_position < Bucket.PositionCount(control))
        {
            Current = new IndexEntry(bucket.GetSlot(control, _position));
            if (!Current.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }
}
