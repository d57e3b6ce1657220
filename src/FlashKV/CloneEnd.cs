namespace FlashKV;

/// <summary>What has ended a clone.</summary>
public enum CloneEnd
{
    /// <summary>The process that read it has closed it.</summary>
    ClosedByReader,

    /// <summary>The process that read it, or was to read it, has ended.</summary>
    ReaderEnded,

    /// <summary>
    /// No process has opened it within <see cref="CloneOptions.StartTimeout"/>.
    /// </summary>
    NotOpened,

    /// <summary>The store has taken it back: its <see cref="StoreClone"/> was disposed.</summary>
    TakenBack,

    /// <summary>The store was closed.</summary>
    StoreClosed,

    /// <summary>The process that had the store open has ended without closing it.</summary>
    StoreEnded,

    /// <summary>Its time was over: <see cref="CloneOptions.TimeToLive"/>.</summary>
    Expired,

    /// <summary>
    /// It kept more dead bytes on the device than <see cref="CloneOptions.MaxHeldBytes"/>.
    /// </summary>
    HeldTooMuch,
}
