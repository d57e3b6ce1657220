namespace FlashKV;

/// <summary>Why a process got no clone of a store.</summary>
public enum CloneRefusal
{
    /// <summary>
    /// Nobody serves clones there: the store is not open, or was opened without
    /// <see cref="FlashStoreOptions.AllowClones"/>, or the process that had it open has ended.
    /// </summary>
    NotServed,

    /// <summary>The store is open in a process of another user.</summary>
    OtherUser,

    /// <summary>The two processes use versions of the library that do not fit.</summary>
    OtherVersion,

    /// <summary>
    /// The clone that the process was started for is not to be had: another process has taken it,
    /// as a child of that process would find, or it was given up before it was opened.
    /// </summary>
    Taken,

    /// <summary>
    /// The driver counts no more clones of a chunk: 255 besides the store itself.
    /// </summary>
    TooManyClones,

    /// <summary>The store is on a device that this process must open itself.</summary>
    NeedsDevice,

    /// <summary>What answered does not keep to the protocol.</summary>
    Protocol,

    /// <summary>The store could not hand the clone over: its message says why.</summary>
    StoreFailed,
}
