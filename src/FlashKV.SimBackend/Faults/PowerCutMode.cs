namespace FlashKV.SimBackend;

/// <summary>
/// What a power cut does to blocks that were written but not brought to stable storage.
/// </summary>
public enum PowerCutMode
{
    /// <summary>
    /// For each block by itself the seed chooses: the newest content, an older one, none of them,
    /// or a mixture of two in sectors of 512 bytes. Order among blocks is therefore lost as well.
    /// </summary>
    Seeded = 0,

    /// <summary>All of them are lost.</summary>
    LoseAll = 1,

    /// <summary>All of them are kept.</summary>
    KeepAll = 2,

    /// <summary>Each block becomes a mixture of its newest and its stable content.</summary>
    TearAll = 3,
}
