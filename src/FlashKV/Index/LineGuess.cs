namespace FlashKV.Index;

/// <summary>What the line of a bucket says of a hash, see <see cref="HashIndex.Guess"/>
/// and its <c>Peek</c>.</summary>
internal enum LineGuess
{
    /// <summary>An entry with the tag of the hash is there.</summary>
    Found,

    /// <summary>There is no entry of the hash.</summary>
    Absent,

    /// <summary>A probe must tell.</summary>
    Probe,

    /// <summary>A probe must tell, once the overflow block is loaded.</summary>
    ProbeLater,
}
