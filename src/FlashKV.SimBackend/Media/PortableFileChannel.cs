using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// File I/O by the runtime's own calls, for systems without the Linux ones. Writes with force unit
/// access are followed by a flush; a discard writes zeros.
/// </summary>
internal sealed class PortableFileChannel(SafeFileHandle file) : FileChannel
{
    // ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL as HRESULTs, and ENOSPC and EDQUOT as Unix
    // runtimes report them.
    private const int DiskFull = unchecked((int)0x80070070);
    private const int HandleDiskFull = unchecked((int)0x80070027);

    private readonly ZeroBlocks _zeros = new();

    internal override bool IsDirect => false;

    internal override MediumStatus Read(long offset, ReadOnlySpan<MemoryRun> runs)
    {
        try
        {
            foreach (ref readonly MemoryRun run in runs)
            {
                if (!ReadRun(offset, run.AsSpan()))
                {
                    return MediumStatus.MediumError;
                }

                offset += run.ByteCount;
            }

            return MediumStatus.Good;
        }
        catch (IOException exception)
        {
            return StatusOf(exception);
        }
    }

    internal override MediumStatus Write(
        long offset, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        try
        {
            foreach (ref readonly MemoryRun run in runs)
            {
                RandomAccess.Write(file, run.AsSpan(), offset);
                offset += run.ByteCount;
            }
        }
        catch (IOException exception)
        {
            return StatusOf(exception);
        }

        return forceUnitAccess ? Flush() : MediumStatus.Good;
    }

    internal override MediumStatus Discard(long offset, long bytes)
    {
        while (bytes > 0)
        {
            long blocks = Math.Min(bytes / Medium.BlockBytes, ZeroBlocks.BlockCount);
            MemoryRun run = _zeros.Take((int)blocks);
            MediumStatus status = Write(offset, [run], forceUnitAccess: false);
            if (status != MediumStatus.Good)
            {
                return status;
            }

            offset += run.ByteCount;
            bytes -= run.ByteCount;
        }

        return MediumStatus.Good;
    }

    internal override MediumStatus Flush()
    {
        try
        {
            RandomAccess.FlushToDisk(file);
            return MediumStatus.Good;
        }
        catch (IOException exception)
        {
            return StatusOf(exception);
        }
    }

    public override void Dispose()
    {
        file.Dispose();
        _zeros.Dispose();
    }

    private bool ReadRun(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int length = RandomAccess.Read(file, destination, offset);
            if (length <= 0)
            {
                return false;
            }

            offset += length;
            destination = destination[length..];
        }

        return true;
    }

    private static MediumStatus StatusOf(IOException exception) => exception.HResult switch
    {
        DiskFull or HandleDiskFull or LibC.ErrorNoSpace or LibC.ErrorQuota =>
            MediumStatus.OutOfSpace,
        _ => MediumStatus.MediumError,
    };
}
