namespace FlashKV.Superpipe.Abi;

/// <summary>SCSI sense keys. Source: SPC.</summary>
internal enum ScsiSenseKey : byte
{
    NoSense = 0x0,
    RecoveredError = 0x1,
    NotReady = 0x2,
    MediumError = 0x3,
    HardwareError = 0x4,
    IllegalRequest = 0x5,
    UnitAttention = 0x6,
    DataProtect = 0x7,
    AbortedCommand = 0xB,
}
