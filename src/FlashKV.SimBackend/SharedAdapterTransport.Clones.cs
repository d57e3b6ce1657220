using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <content>What an AFU in this process needs of the driver in the other.</content>
public sealed partial class SharedAdapterTransport
{
    /// <summary>Whether a descriptor is a context's of this transport.</summary>
    internal bool IsContext(int descriptor) =>
        _files.TryGetValue(descriptor, out ClientFile? file) && file.IsContext;

    /// <summary>Gets a descriptor of the medium of a device, for reading.</summary>
    /// <param name="descriptor">The device's.</param>
    /// <param name="mode">How its adapter takes commands.</param>
    /// <param name="medium">The medium.</param>
    internal Errno GetMedium(
        int descriptor, out SubmissionMode mode, out DescriptorHandle? medium)
    {
        mode = default;
        medium = null;
        if (!_files.TryGetValue(descriptor, out ClientFile? file))
        {
            return Errno.BadDescriptor;
        }

        Errno errno = _pool.Take(out ClientConnection? connection);
        if (errno != Errno.None)
        {
            return errno;
        }

        MessageWriter request = connection!.Begin(MessageType.Medium);
        request.Add64(file.Id);
        errno = connection.Call(request, out MessageReader reply, out medium);
        mode = errno == Errno.None ? (SubmissionMode)reply.Take32() : default;
        _pool.Return(connection);
        return errno == Errno.None && medium is null ? Errno.InputOutput : errno;
    }

    /// <summary>Gets what is in the tables of a context.</summary>
    /// <param name="descriptor">The context's.</param>
    /// <param name="handles">Gets its virtual LUNs.</param>
    /// <param name="element">Its process element, which is in its commands.</param>
    internal Errno GetTranslations(
        int descriptor, List<ClonedHandle> handles, out ushort element)
    {
        element = 0;
        if (!_files.TryGetValue(descriptor, out ClientFile? file))
        {
            return Errno.BadDescriptor;
        }

        Errno errno = _pool.Take(out ClientConnection? connection);
        if (errno != Errno.None)
        {
            return errno;
        }

        bool isMore = true;
        for (uint handle = 0; errno == Errno.None && isMore; handle++)
        {
            errno = GetTranslations(
                connection!, file.Id, ref handle, handles, out isMore, out element);
        }

        _pool.Return(connection!);
        return errno;
    }

    private static Errno GetTranslations(
        ClientConnection connection,
        ulong id,
        ref uint handle,
        List<ClonedHandle> handles,
        out bool isMore,
        out ushort element)
    {
        element = 0;
        List<ulong> entries = [];
        isMore = true;
        while (true)
        {
            MessageWriter request = connection.Begin(MessageType.Translate);
            request.Add64(id);
            request.Add32(handle);
            request.Add32((uint)entries.Count);
            Errno errno = connection.Call(request, out MessageReader reply);
            if (errno != Errno.None)
            {
                return errno;
            }

            element = (ushort)reply.Take32();
            int found = (int)reply.Take32();
            byte permissions = (byte)reply.Take32();
            int count = (int)reply.Take32();
            int read = (int)reply.Take32();
            reply.SkipZero32();
            if (found < 0)
            {
                isMore = false;
                return Errno.None;
            }

            // Nothing of a context that is being read is changed by anybody but its process.
            if ((uint)found != handle && entries.Count != 0)
            {
                return Errno.InputOutput;
            }

            handle = (uint)found;
            for (int i = 0; i < read; i++)
            {
                entries.Add(reply.Take64());
            }

            if (entries.Count >= count || read == 0)
            {
                handles.Add(new ClonedHandle(found, permissions, [.. entries]));
                return entries.Count == count ? Errno.None : Errno.InputOutput;
            }
        }
    }
}
