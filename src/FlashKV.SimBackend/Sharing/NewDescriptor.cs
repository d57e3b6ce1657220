using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The descriptor that ATTACH and RECOVER_AFU put into their argument. The driver knows it by a
/// number of its own; the client stores the number that the descriptor gets there.
/// </summary>
internal static class NewDescriptor
{
    private const int AttachOffset = 56;
    private const int RecoverOffset = 48;

    /// <summary>Where an ioctl that has succeeded has put a new descriptor.</summary>
    /// <returns>The offset in the argument, or 0 when there is none.</returns>
    internal static int OffsetIn(uint request, ReadOnlySpan<byte> argument)
    {
        int offset = request switch
        {
            IoctlRequest.Attach => AttachOffset,
            IoctlRequest.RecoverAfu => RecoverOffset,
            _ => 0,
        };
        if (offset == 0 || argument.Length < Unsafe.SizeOf<DkCxlflashHdr>())
        {
            return 0;
        }

        DkCxlflashHdr header = AbiBytes.Read<DkCxlflashHdr>(argument);
        return (header.ReturnFlags & DkCxlflashReturnFlags.AppCloseAdapFd) != 0 ? offset : 0;
    }

    /// <summary>Takes the driver's number out and leaves all ones.</summary>
    internal static int Take(Span<byte> argument, int offset)
    {
        int descriptor = (int)BinaryPrimitives.ReadUInt64LittleEndian(argument[offset..]);
        argument.Slice(offset, sizeof(ulong)).Fill(byte.MaxValue);
        return descriptor;
    }

    /// <summary>Puts the client's number in.</summary>
    internal static void Put(Span<byte> argument, int offset, int descriptor) =>
        BinaryPrimitives.WriteUInt64LittleEndian(argument[offset..], (ulong)descriptor);
}
