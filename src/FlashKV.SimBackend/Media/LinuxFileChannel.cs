using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// File I/O by positioned vectored system calls: one call per transfer where the runs fit one, with
/// RWF_DSYNC for force unit access and hole punching for discards.
/// </summary>
internal sealed unsafe class LinuxFileChannel(SafeFileHandle file, bool direct) : FileChannel
{
    // A file system that keeps interrupting a call without transferring anything is broken.
    private const int MaxInterruptions = 1000;

    private readonly BounceBuffers _bounce = new();
    private readonly ZeroBlocks _zeros = new();
    private bool _hasWriteFlags = true;
    private bool _hasPunchHole = true;

    private enum Direction
    {
        Read,
        Write,
        WriteThrough,
    }

    internal override bool IsDirect => direct;

    internal override MediumStatus Read(long offset, ReadOnlySpan<MemoryRun> runs) =>
        Transfer(Direction.Read, offset, runs);

    internal override MediumStatus Write(
        long offset, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        if (!forceUnitAccess)
        {
            return Transfer(Direction.Write, offset, runs);
        }

        if (Volatile.Read(ref _hasWriteFlags))
        {
            return Transfer(Direction.WriteThrough, offset, runs);
        }

        MediumStatus status = Transfer(Direction.Write, offset, runs);
        return status == MediumStatus.Good ? Flush() : status;
    }

    internal override MediumStatus Discard(long offset, long bytes)
    {
        if (Volatile.Read(ref _hasPunchHole))
        {
            int result = LibC.Allocate(file, LibC.PunchHole | LibC.KeepSize, offset, bytes);
            int error = result == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error is not (LibC.ErrorNotSupported or LibC.ErrorNotImplemented))
            {
                return error == 0 ? MediumStatus.Good : LibC.StatusOf(error);
            }

            Volatile.Write(ref _hasPunchHole, false);
        }

        return WriteZeros(offset, bytes);
    }

    internal override MediumStatus Flush() =>
        LibC.DataSync(file) == 0
            ? MediumStatus.Good
            : LibC.StatusOf(Marshal.GetLastPInvokeError());

    public override void Dispose()
    {
        file.Dispose();
        _bounce.Dispose();
        _zeros.Dispose();
    }

    private MediumStatus Transfer(Direction direction, long offset, ReadOnlySpan<MemoryRun> runs)
    {
        if (direct && !MemoryRun.AreAligned(runs))
        {
            return TransferBounced(direction, offset, runs);
        }

        while (!runs.IsEmpty)
        {
            int count = Math.Min(runs.Length, IoVector.MaxCount);
            MediumStatus status = TransferVector(direction, ref offset, runs[..count]);
            if (status != MediumStatus.Good)
            {
                return status;
            }

            runs = runs[count..];
        }

        return MediumStatus.Good;
    }

    [SkipLocalsInit]
    private MediumStatus TransferVector(
        Direction direction, ref long offset, ReadOnlySpan<MemoryRun> runs)
    {
        Debug.Assert(runs.Length <= IoVector.MaxCount, "one system call takes no more");
        IoVector* vector = stackalloc IoVector[runs.Length];
        long bytes = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            vector[i].Address = runs[i].Address;
            vector[i].Length = (nuint)runs[i].ByteCount;
            bytes += runs[i].ByteCount;
        }

        long end = offset + bytes;
        int error = TransferAll(direction, ref offset, end, vector, runs.Length);
        return error == 0 ? MediumStatus.Good : LibC.StatusOf(error);
    }

    // Repeats the call after short transfers until the whole vector is done.
    private int TransferAll(
        Direction direction, ref long offset, long end, IoVector* vector, int count)
    {
        int interruptions = 0;
        while (offset < end)
        {
            nint length = CallOnce(direction, offset, vector, count, out int error);
            if (error == LibC.ErrorInterrupted && ++interruptions < MaxInterruptions)
            {
                continue;
            }

            if (length <= 0)
            {
                // No error and no progress: the file has been cut short behind our back.
                return error != 0 ? error : LibC.ErrorInvalid;
            }

            offset += length;
            Advance(ref vector, ref count, (nuint)length);
        }

        return 0;
    }

    private nint CallOnce(
        Direction direction, long offset, IoVector* vector, int count, out int error)
    {
        // SAFETY: the vector's elements are runs that the caller vouches for until we return.
        nint length = direction switch
        {
            Direction.Read => LibC.ReadVector(file, vector, count, offset),
            Direction.Write => LibC.WriteVector(file, vector, count, offset),
            _ => WriteThroughOnce(vector, count, offset),
        };
        error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
        return length;
    }

    private nint WriteThroughOnce(IoVector* vector, int count, long offset)
    {
        if (Volatile.Read(ref _hasWriteFlags))
        {
            nint length = WriteWithFlags(vector, count, offset);
            if (length >= 0 || Volatile.Read(ref _hasWriteFlags))
            {
                return length;
            }
        }

        // No such flag here: write, then flush before anybody is told of the write.
        nint written = LibC.WriteVector(file, vector, count, offset);
        return written > 0 && LibC.DataSync(file) != 0 ? -1 : written;
    }

    private nint WriteWithFlags(IoVector* vector, int count, long offset)
    {
        try
        {
            nint length =
                LibC.WriteVectorFlags(file, vector, count, offset, LibC.WriteDataSync);
            if (length < 0 && Marshal.GetLastPInvokeError() is
                LibC.ErrorNotSupported or LibC.ErrorNotImplemented)
            {
                Volatile.Write(ref _hasWriteFlags, false);
            }

            return length;
        }
        catch (EntryPointNotFoundException)
        {
            Volatile.Write(ref _hasWriteFlags, false);
            return -1;
        }
    }

    private static void Advance(ref IoVector* vector, ref int count, nuint length)
    {
        while (count > 0 && length >= vector->Length)
        {
            length -= vector->Length;
            vector++;
            count--;
        }

        if (count > 0)
        {
            vector->Address += (nint)length;
            vector->Length -= length;
        }
    }

    private MediumStatus TransferBounced(
        Direction direction, long offset, ReadOnlySpan<MemoryRun> runs)
    {
        nint buffer = _bounce.Take();
        try
        {
            BlockCursor cursor = new(runs);
            while (!cursor.IsAtEnd)
            {
                MediumStatus status = BouncePart(direction, ref offset, buffer, ref cursor);
                if (status != MediumStatus.Good)
                {
                    return status;
                }
            }

            return MediumStatus.Good;
        }
        finally
        {
            _bounce.Return(buffer);
        }
    }

    private MediumStatus BouncePart(
        Direction direction, ref long offset, nint buffer, ref BlockCursor cursor)
    {
        const int MaxBlocks = BounceBuffers.BufferBytes / Medium.BlockBytes;
        MemoryRun whole = new(buffer, MaxBlocks);
        if (direction != Direction.Read)
        {
            int blocks = cursor.CopyOut(whole.AsSpan());
            return TransferVector(direction, ref offset, [new MemoryRun(buffer, blocks)]);
        }

        MemoryRun part = new(buffer, (int)Math.Min(MaxBlocks, cursor.RemainingBlocks));
        MediumStatus status = TransferVector(direction, ref offset, [part]);
        if (status == MediumStatus.Good)
        {
            cursor.CopyIn(part.AsSpan());
        }

        return status;
    }

    private MediumStatus WriteZeros(long offset, long bytes)
    {
        while (bytes > 0)
        {
            long blocks = Math.Min(bytes / Medium.BlockBytes, ZeroBlocks.BlockCount);
            MemoryRun run = _zeros.Take((int)blocks);
            MediumStatus status = TransferVector(Direction.Write, ref offset, [run]);
            if (status != MediumStatus.Good)
            {
                return status;
            }

            bytes -= run.ByteCount;
        }

        return MediumStatus.Good;
    }
}
