using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe.Control;

/// <summary>LUNs: opening, resizing, verifying, releasing, cloning.</summary>
internal sealed partial class AttachedContext<TRegisters>
{
    /// <summary>
    /// Calls that change translations answer EAGAIN when a sync of the AFU was aborted, and work
    /// when they are repeated.
    /// </summary>
    private const int MaxSyncAttempts = 4;

    private const int ContextIdOffset = 24;
    private const int AttachContextIdOffset = 32;
    private const int CloneContextIdOffset = 32;

    public override void AddDevice(SuperpipeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.Channel is not DeviceChannel<TRegisters> channel
            || channel.Transport != _transport)
            throw new ArgumentException("The device is of another transport.", nameof(device));

        DkCxlflashAttach argument = default;
        argument.Hdr.Flags = DkCxlflashAttach.ReuseContext | (ulong)Access;
        channel.AddReference();
        Errno errno = Call(channel, IoctlRequest.Attach, ref argument, AttachContextIdOffset);
        if (errno != Errno.None)
        {
            channel.RemoveReference();
            throw new DeviceException("ATTACH", errno);
        }

        AddAttachment(channel, argument);
    }

    public override void RemoveDevice(SuperpipeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Attachment attachment = FindAttachment(device);
        LunHandle[] luns;
        lock (_control)
        {
            if (_attachments.Count == 1)
                throw new InvalidOperationException("A context keeps at least one LUN.");

            // From here on, recoveries go through a node that stays.
            _attachments.Remove(attachment);
            luns = [.. _luns.Where(lun => lun.Attachment == attachment)];
        }

        Array.ForEach(luns, lun => lun.Dispose());
        DkCxlflashDetach argument = default;
        Errno errno = Call(
            ChannelOf(attachment), IoctlRequest.Detach, ref argument, ContextIdOffset);
        attachment.Channel.RemoveReference();
        Check("DETACH", errno);
    }

    public override IReadOnlyList<VirtualLun> CloneFrom(CloneSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        DkCxlflashClone argument = default;
        argument.Hdr.Flags = (ulong)Access;
        argument.ContextIdSrc = source.ContextId;

        // The driver does not look at it, and a program started anew does not have it: fd2 is
        // closed on exec.
        argument.AdapFdSrc = ulong.MaxValue;
        Check(
            "VLUN_CLONE",
            CallAndSync(
                ChannelOf(First), IoctlRequest.VlunClone, ref argument, CloneContextIdOffset));

        List<VirtualLun> luns = [];
        foreach (uint handle in source.Handles)
        {
            Errno errno = Adopt(handle, out LunHandle? lun);
            if (errno != Errno.None)
            {
                luns.ForEach(adopted => adopted.Dispose());
                throw new DeviceException("VERIFY", errno);
            }

            luns.Add(new ContextVirtualLun(lun!));
        }

        return luns;
    }

    // Only VERIFY tells of which device a handle is: it is EINVAL for the others.
    private Errno Adopt(uint handle, out LunHandle? adopted)
    {
        Attachment[] attachments;
        lock (_control)
            attachments = [.. _attachments];

        Errno errno = Errno.InvalidArgument;
        foreach (Attachment attachment in attachments)
        {
            adopted = Remember(attachment, handle, ulong.MaxValue, isVirtual: true);
            errno = Verify(adopted, default);
            if (errno == Errno.None)
                return errno;
            lock (_control)
                _luns.Remove(adopted);
            if (errno != Errno.InvalidArgument)
                break;
        }

        adopted = null;
        return errno;
    }

    internal override VirtualLun OpenVirtual(SuperpipeDevice? device, long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        Attachment attachment = FindAttachment(device);
        DkCxlflashUvirtual argument = default;
        argument.Hdr.Flags = _scrubs ? DkCxlflashUvirtual.NeedWriteSame : 0;
        Check(
            "USER_VIRTUAL",
            CallAndSync(
                ChannelOf(attachment), IoctlRequest.UserVirtual, ref argument, ContextIdOffset));

        ContextVirtualLun lun = new(
            Remember(attachment, argument.RsrcHandle, argument.LastLba, isVirtual: true));
        if (blocks == 0)
            return lun;
        try
        {
            lun.Resize(blocks);
            return lun;
        }
        catch
        {
            lun.Dispose();
            throw;
        }
    }

    internal override PhysicalLun OpenPhysical(SuperpipeDevice? device)
    {
        Attachment attachment = FindAttachment(device);
        DkCxlflashUdirect argument = default;
        Check(
            "USER_DIRECT",
            CallAndSync(
                ChannelOf(attachment), IoctlRequest.UserDirect, ref argument, ContextIdOffset));

        return new ContextPhysicalLun(
            Remember(attachment, argument.RsrcHandle, argument.LastLba, isVirtual: false));
    }

    internal override void Resize(LunHandle lun, long blocks)
    {
        DkCxlflashResize argument = default;
        argument.RsrcHandle = lun.Handle;
        argument.ReqSize = blocks == long.MaxValue ? ulong.MaxValue : (ulong)blocks;
        Check(
            "VLUN_RESIZE",
            CallAndSync(
                ChannelOf(lun.Attachment), IoctlRequest.VlunResize, ref argument, ContextIdOffset));
        lun.SetLastLba(argument.LastLba);
    }

    internal override Errno Verify(LunHandle lun, ReadOnlySpan<byte> sense)
    {
        DkCxlflashVerify argument = default;
        argument.RsrcHandle = lun.Handle;
        if (!sense.IsEmpty)
        {
            argument.Hint = DkCxlflashVerify.HintSense;
            sense.CopyTo(argument.SenseData);
        }

        Errno errno = Call(
            ChannelOf(lun.Attachment), IoctlRequest.Verify, ref argument, ContextIdOffset);
        if (errno == Errno.None)
            lun.SetLastLba(argument.LastLba);
        return errno;
    }

    // A handle that cannot be released goes with the context: closing does not throw.
    internal override void Release(LunHandle lun)
    {
        DkCxlflashRelease argument = default;
        argument.RsrcHandle = lun.Handle;
        CallAndSync(
            ChannelOf(lun.Attachment), IoctlRequest.Release, ref argument, ContextIdOffset);
        lock (_control)
            _luns.Remove(lun);
    }

    private static void Check(string operation, Errno errno)
    {
        if (errno != Errno.None)
            throw new DeviceException(operation, errno);
    }

    // The argument of a call that failed is as it was.
    private Errno CallAndSync<TArgument>(
        DeviceChannel<TRegisters> channel,
        uint request,
        ref TArgument argument,
        int contextIdOffset)
        where TArgument : unmanaged
    {
        Errno errno = Errno.TryAgain;
        for (int i = 0; i < MaxSyncAttempts && errno == Errno.TryAgain; i++)
            errno = Call(channel, request, ref argument, contextIdOffset);
        return errno;
    }

    private static DeviceChannel<TRegisters> ChannelOf(Attachment attachment) =>
        (DeviceChannel<TRegisters>)attachment.Channel;

    private LunHandle Remember(
        Attachment attachment, ulong handle, ulong lastLba, bool isVirtual)
    {
        LunTarget target = new(
            (uint)handle,
            attachment.BlocksPerBlock,
            isVirtual ? 1 : attachment.MaxBlocks,
            _timeout,
            _timeoutUnit);
        LunHandle lun = new(this, attachment, target, isVirtual);
        lun.SetLastLba(lastLba);
        lock (_control)
            _luns.Add(lun);
        return lun;
    }

    private void AddAttachment(DeviceChannel<TRegisters> channel, in DkCxlflashAttach answer)
    {
        if (!Attachment.TryCreate(channel, answer, out Attachment? attachment))
        {
            lock (_control)
                _ = DetachFrom(channel);
            channel.RemoveReference();
            throw new DeviceException("ATTACH", Errno.InputOutput);
        }

        lock (_control)
            _attachments.Add(attachment);
    }

    private Attachment FindAttachment(SuperpipeDevice? device)
    {
        lock (_control)
        {
            foreach (Attachment attachment in _attachments)
            {
                if (device is null || attachment.Channel == device.Channel)
                    return attachment;
            }
        }

        throw new ArgumentException("The device was not added to the context.", nameof(device));
    }
}
