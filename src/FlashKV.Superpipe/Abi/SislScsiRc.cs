namespace FlashKV.Superpipe.Abi;

/// <summary>SCSI status. Source: sislite.h, SISL_SCSI_RC_*, and SAM.</summary>
internal enum SislScsiRc : byte
{
    Good = 0x00,
    Check = 0x02,
    Busy = 0x08,
    ReservationConflict = 0x18,
    QueueFull = 0x28,
}
