namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Sense key, additional sense code and its qualifier, from or to sense data in fixed (response
/// codes 70, 71) or descriptor (72, 73) format. Source: SPC.
/// </summary>
internal readonly record struct ScsiSense(ScsiSenseKey Key, byte Asc, byte Ascq)
{
    /// <summary>Bytes that <see cref="WriteFixed"/> writes.</summary>
    internal const int FixedLength = 18;

    /// <summary>
    /// Bytes that <see cref="WriteDescriptor"/> writes: a header without descriptors.
    /// </summary>
    internal const int DescriptorLength = 8;

    internal const byte AscLbaOutOfRange = 0x21;
    internal const byte AscInvalidFieldInCdb = 0x24;

    /// <summary>Unit attention: power on, reset or bus device reset.</summary>
    internal const byte AscReset = 0x29;

    /// <summary>Unit attention: parameters changed.</summary>
    internal const byte AscParametersChanged = 0x2A;

    /// <summary>With <see cref="AscParametersChanged"/>: the capacity has changed.</summary>
    internal const byte AscqCapacityChanged = 0x09;

    /// <summary>Unit attention; with <see cref="AscqReportedLunsChanged"/>.</summary>
    internal const byte AscTargetChanged = 0x3F;

    internal const byte AscqReportedLunsChanged = 0x0E;

    /// <summary>
    /// Data protect; with <see cref="AscqSpaceAllocationFailed"/>: thin LUN out of space.
    /// </summary>
    internal const byte AscWriteProtected = 0x27;

    internal const byte AscqSpaceAllocationFailed = 0x07;

    private const int AdditionalLengthOffset = 7;

    /// <summary>A thin LUN out of space: 7/27/07.</summary>
    internal static ScsiSense OutOfSpace =>
        new(ScsiSenseKey.DataProtect, AscWriteProtected, AscqSpaceAllocationFailed);

    /// <summary>The first command after a reset: 6/29/00.</summary>
    internal static ScsiSense ResetOccurred => new(ScsiSenseKey.UnitAttention, AscReset, 0);

    /// <summary>The first command after a change of the capacity: 6/2A/09.</summary>
    internal static ScsiSense CapacityChanged =>
        new(ScsiSenseKey.UnitAttention, AscParametersChanged, AscqCapacityChanged);

    /// <summary>
    /// Takes sense data apart. Codes that the data is too short for are 0, as in the Linux SCSI
    /// layer.
    /// </summary>
    /// <returns><see langword="false"/> when the data is in neither format.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> data, out ScsiSense sense)
    {
        sense = default;
        if (data.IsEmpty)
            return false;

        int responseCode = data[0] & 0x7F;
        switch (responseCode)
        {
            case 0x70 or 0x71:
                sense = ParseFixed(data);
                return true;
            case 0x72 or 0x73:
                sense = new((ScsiSenseKey)(At(data, 1) & 0xF), At(data, 2), At(data, 3));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Writes current sense data in fixed format.</summary>
    internal void WriteFixed(Span<byte> data)
    {
        data[..FixedLength].Clear();
        data[0] = 0x70;
        data[2] = (byte)Key;
        data[AdditionalLengthOffset] = FixedLength - 8;
        data[12] = Asc;
        data[13] = Ascq;
    }

    /// <summary>Writes current sense data in descriptor format.</summary>
    internal void WriteDescriptor(Span<byte> data)
    {
        data[..DescriptorLength].Clear();
        data[0] = 0x72;
        data[1] = (byte)Key;
        data[2] = Asc;
        data[3] = Ascq;
    }

    private static ScsiSense ParseFixed(ReadOnlySpan<byte> data)
    {
        ScsiSenseKey key = (ScsiSenseKey)(At(data, 2) & 0xF);
        int stated = data.Length > AdditionalLengthOffset ? data[AdditionalLengthOffset] + 8 : 0;
        ReadOnlySpan<byte> valid = data[..Math.Min(data.Length, stated)];
        return new(key, At(valid, 12), At(valid, 13));
    }

    private static byte At(ReadOnlySpan<byte> data, int index) =>
        index < data.Length ? data[index] : (byte)0;
}
