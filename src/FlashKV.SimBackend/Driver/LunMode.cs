namespace FlashKV.SimBackend.Driver;

/// <summary>
/// What a LUN is used for at present; its first open decides, its last close ends it.
/// </summary>
internal enum LunMode
{
    None = 0,
    Virtual = 1,
    Physical = 2,
}
