namespace FlashKV.Superpipe;

/// <summary>The driver refused an operation, or the device failed one for good.</summary>
public class DeviceException : IOException
{
    // Sense key DATA PROTECT with "space allocation failed, write protect" (SPC-4, table of ASCs).
    private const int DataProtect = 0x7;
    private const int SpaceAllocationFailed = 0x2707;

    /// <summary>Creates an exception for an error number of the driver.</summary>
    /// <param name="operation">What was asked for, such as <c>DK_CXLFLASH_ATTACH</c>.</param>
    /// <param name="errno">What the driver answered.</param>
    public DeviceException(string operation, Errno errno)
        : base($"{operation} failed with error {(int)errno} ({errno}).")
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>Creates an exception for the status of a command.</summary>
    /// <param name="operation">The command, such as <c>READ(16)</c>.</param>
    /// <param name="errno">The error number that the block library gives for it.</param>
    /// <param name="ioasc">
    /// The first four bytes of the IOASA: flags, AFU code, SCSI status, FC code, lowest first.
    /// </param>
    /// <param name="senseKey">The sense key; 0 without sense data.</param>
    /// <param name="additionalSense">
    /// ASC in the upper byte, ASCQ in the lower; 0 without sense.
    /// </param>
    public DeviceException(
        string operation, Errno errno, uint ioasc, int senseKey, int additionalSense)
        : base(
            $"{operation} failed: status 0x{ioasc:x8}, sense {senseKey:x}/{additionalSense:x4}, "
            + $"error {(int)errno} ({errno}).")
    {
        Operation = operation;
        Errno = errno;
        Ioasc = ioasc;
        SenseKey = senseKey;
        AdditionalSense = additionalSense;
    }

    /// <summary>What was asked for.</summary>
    public string Operation { get; }

    /// <summary>The error number.</summary>
    public Errno Errno { get; }

    /// <summary>
    /// The first 4,096-byte block of the command that failed; -1 if it was a call of the driver.
    /// </summary>
    public long Lba { get; internal init; } = -1;

    /// <summary>
    /// Whether the adapter may still read or write the buffers of the transfer that failed, because
    /// the device fell silent and the driver could not end what it was doing. Their memory must not
    /// be freed or used again while the process lives.
    /// </summary>
    public bool HoldsBuffers { get; internal init; }

    /// <summary>The status of the command as in the IOASA; 0 if no command was sent.</summary>
    public uint Ioasc { get; }

    /// <summary>The sense key; 0 without sense data.</summary>
    public int SenseKey { get; }

    /// <summary>ASC in the upper byte, ASCQ in the lower; 0 without sense data.</summary>
    public int AdditionalSense { get; }

    /// <summary>Whether a thin LUN has no space left on its medium.</summary>
    public bool IsOutOfSpace =>
        SenseKey == DataProtect && AdditionalSense == SpaceAllocationFailed;
}
