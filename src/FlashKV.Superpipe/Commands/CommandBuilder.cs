using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>Writes IOARCBs.</summary>
internal static unsafe class CommandBuilder
{
    /// <summary>
    /// Fills an IOARCB for one piece of a transfer. The context's handle and the IOASA's address
    /// are written when it is sent.
    /// </summary>
    /// <param name="ioarcb">The IOARCB of a claimed block.</param>
    /// <param name="target">The LUN.</param>
    /// <param name="piece">At most as many blocks as the LUN takes in one command.</param>
    /// <param name="zeros">4,096 bytes of zeros.</param>
    /// <param name="unmap">Whether WRITE SAME(16) unmaps.</param>
    internal static void Fill(
        SislIoarcb* ioarcb, in LunTarget target, in BlockTransfer piece, nint zeros, bool unmap)
    {
        ulong lba = (ulong)piece.Lba * (uint)target.BlocksPerBlock;
        uint count = (uint)(piece.BlockCount * target.BlocksPerBlock);

        // SAFETY: the caller has claimed the block, so nobody else reads or writes it.
        *ioarcb = default;
        ioarcb->ResHndl = target.Handle;
        ioarcb->Timeout = target.Timeout;
        ioarcb->ReqFlags = SislReqFlags.ResHndl | target.TimeoutUnit;
        ioarcb->DataLen = (uint)piece.BlockCount * Lun.BlockSize;
        ioarcb->DataEa = (ulong)piece.Buffer;
        switch (piece.Operation)
        {
            case BlockOperation.Read:
                ScsiCdb.WriteRead16(ioarcb->Cdb, lba, count);
                break;
            case BlockOperation.Write:
                ioarcb->ReqFlags |= SislReqFlags.HostWrite;
                ScsiCdb.WriteWrite16(ioarcb->Cdb, lba, count, piece.ForceUnitAccess);
                break;
            default:
                ioarcb->ReqFlags |= SislReqFlags.HostWrite;
                ioarcb->DataLen = Lun.BlockSize;
                ioarcb->DataEa = (ulong)zeros;
                ScsiCdb.WriteWriteSame16(ioarcb->Cdb, lba, count, unmap);
                break;
        }
    }
}
