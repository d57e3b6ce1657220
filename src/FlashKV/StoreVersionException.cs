namespace FlashKV;

/// <summary>The store was written in a format that this library does not read.</summary>
public sealed class StoreVersionException : FlashStoreException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="found">The version of its format.</param>
    /// <param name="supported">The version that this library reads.</param>
    public StoreVersionException(string directory, long found, long supported)
        : base(
            $"The store in '{directory}' has format version {found}; this library reads version "
            + $"{supported}.")
    {
        Directory = directory;
        FoundVersion = found;
        SupportedVersion = supported;
    }

    /// <summary>The directory of the store.</summary>
    public string Directory { get; }

    /// <summary>The version of the format of the store.</summary>
    public long FoundVersion { get; }

    /// <summary>The version that this library reads.</summary>
    public long SupportedVersion { get; }
}
