namespace FlashKV;

/// <summary>Whether opening a directory may or must create a store.</summary>
public enum OpenMode
{
    /// <summary>Opens the store of the directory; creates it where there is none.</summary>
    OpenOrCreate,

    /// <summary>Opens the store of the directory; fails where there is none.</summary>
    OpenExisting,

    /// <summary>Creates a store; fails where there is one.</summary>
    CreateNew,
}
