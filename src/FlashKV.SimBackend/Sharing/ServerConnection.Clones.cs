using System.Runtime.CompilerServices;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <content>
/// What a process needs that has an AFU of its own over the same medium: the medium, for reading,
/// and what the driver has put into the tables of its context.
/// </content>
internal sealed partial class ServerConnection
{
    /// <summary>The translations of one reply.</summary>
    internal const int MaxTranslations = 256;

    private bool IsServed(MessageType type) => !_machine.ServesClonesOnly
        || type is MessageType.Open or MessageType.Identify or MessageType.Ioctl
            or MessageType.Closing or MessageType.Closed
            or MessageType.Medium or MessageType.Translate;

    // Whoever reads attaches, clones and ends. Everything else would take chunks that the owner
    // of the adapter wants, or disturb it.
    private bool MayCall(uint number, ReadOnlySpan<byte> argument) => !_machine.ServesClonesOnly
        || number is IoctlRequest.VlunClone or IoctlRequest.Verify or IoctlRequest.Release
            or IoctlRequest.Detach or IoctlRequest.RecoverAfu
        || (number == IoctlRequest.Attach && AttachesForReading(argument));

    private static bool AttachesForReading(ReadOnlySpan<byte> argument) =>
        argument.Length >= Unsafe.SizeOf<DkCxlflashHdr>()
        && (Afu.AbiBytes.Read<DkCxlflashHdr>(argument).Flags & DkCxlflashAttach.OpenModeMask) == 0;

    private bool Medium(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        if (file?.File is not DeviceFile device
            || device.Device.Target.Medium is not FileMedium medium)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        Errno errno = LinuxFileOpener.TryOpenForReading(medium.FilePath, out DescriptorHandle? own);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        using (own)
        {
            MessageWriter reply = Reply(in request, descriptors: 1);
            reply.Add32((uint)device.Device.Adapter.SubmissionMode);
            reply.Add32((uint)device.Device.Target.Index);
            return Send(reply, own!);
        }
    }

    private bool Translate(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        uint handle = request.Take32();
        uint first = request.Take32();
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        if (file?.File is not ContextFile context || file.Owner != _process)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        Span<ulong> entries = stackalloc ulong[MaxTranslations];
        HandleTranslations found = context.Adapter.ReadTranslations(
            context,
            (int)Math.Min(handle, int.MaxValue),
            (int)Math.Min(first, int.MaxValue),
            entries);
        MessageWriter reply = Reply(in request);
        reply.Add32(context.ProcessElement);
        reply.Add32((uint)found.Handle);
        reply.Add32((uint)found.Permissions);
        reply.Add32((uint)found.ChunkCount);
        reply.Add32((uint)found.ReadCount);
        reply.Add32(0);
        foreach (ulong entry in entries[..found.ReadCount])
        {
            reply.Add64(entry);
        }

        return Send(reply);
    }
}
