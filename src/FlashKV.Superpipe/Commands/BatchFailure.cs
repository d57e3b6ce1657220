using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>The first failure of a batch, kept until all its commands have ended.</summary>
internal struct BatchFailure
{
    private Errno _errno;
    private string? _operation;
    private long _lba;
    private SislIoasa _ioasa;

    /// <summary>Whether the adapter may still use buffers of the batch.</summary>
    internal bool HoldsBuffers { get; set; }

    internal readonly bool IsSet => _operation is not null;

    internal void Set(string operation, Errno errno)
    {
        if (IsSet)
            return;

        _operation = operation;
        _errno = errno;
        _lba = -1;
    }

    internal unsafe void Set(Errno errno, SislIoarcb* command, in SislIoasa ioasa, int perBlock)
    {
        if (IsSet)
            return;

        // SAFETY: the caller owns the command block.
        _operation = command->Cdb[0] switch
        {
            ScsiOpcode.Read16 => "READ(16)",
            ScsiOpcode.Write16 => "WRITE(16)",
            _ => "WRITE SAME(16)",
        };
        _errno = errno;
        _lba = (long)ScsiCdb.Lba(command->Cdb) / perBlock;
        _ioasa = ioasa;
    }

    internal readonly DeviceException ToException()
    {
        if (_lba < 0)
            return new DeviceException(_operation!, _errno) { HoldsBuffers = HoldsBuffers };

        ScsiSense sense = default;
        if (_ioasa.Flags.HasFlag(SislIoasaFlags.SenseValid))
            _ = ScsiSense.TryParse(_ioasa.SenseData, out sense);
        return new DeviceException(
            _operation!, _errno, _ioasa.Ioasc, (int)sense.Key, (sense.Asc << 8) | sense.Ascq)
        {
            Lba = _lba,
            HoldsBuffers = HoldsBuffers,
        };
    }
}
