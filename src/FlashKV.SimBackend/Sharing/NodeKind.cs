namespace FlashKV.SimBackend.Sharing;

/// <summary>What a path of the device tree is.</summary>
internal enum NodeKind : uint
{
    /// <summary>A directory.</summary>
    Directory = 1,

    /// <summary>A file.</summary>
    File = 2,

    /// <summary>A symbolic link.</summary>
    Link = 3,

    /// <summary>A character device.</summary>
    Device = 4,
}
