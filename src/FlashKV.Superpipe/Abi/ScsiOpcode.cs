namespace FlashKV.Superpipe.Abi;

/// <summary>SCSI operation codes. Source: SPC, SBC.</summary>
internal static class ScsiOpcode
{
    internal const byte TestUnitReady = 0x00;
    internal const byte RequestSense = 0x03;
    internal const byte Inquiry = 0x12;
    internal const byte ModeSelect10 = 0x55;
    internal const byte ModeSense10 = 0x5A;
    internal const byte StartStopUnit = 0x1B;
    internal const byte Read16 = 0x88;
    internal const byte Write16 = 0x8A;
    internal const byte WriteSame16 = 0x93;

    /// <summary>
    /// With <see cref="ServiceActionReadCapacity16"/> in byte 1: READ CAPACITY(16).
    /// </summary>
    internal const byte ServiceActionIn16 = 0x9E;

    internal const byte ServiceActionReadCapacity16 = 0x10;
    internal const byte ReportLuns = 0xA0;
}
