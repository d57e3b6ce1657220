namespace FlashKV.Superpipe.Abi;

/// <summary>The kinds of event on a context's descriptor. Source: misc/cxl.h.</summary>
internal enum CxlEventType : ushort
{
    Reserved = 0,
    AfuInterrupt = 1,
    DataStorage = 2,
    AfuError = 3,
    AfuDriver = 4,
}
