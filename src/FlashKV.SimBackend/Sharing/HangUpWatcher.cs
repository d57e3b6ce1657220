using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// Watches the files of all clients with one thread: for the last close, and for room for events.
/// A file that nothing happens to costs nothing.
/// </summary>
internal sealed unsafe class HangUpWatcher : IDisposable
{
    private const int MaxEntries = 64;
    private const ulong StopToken = 0;

    // struct epoll_event is packed on x86-64 alone.
    private static readonly int s_dataOffset =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private static readonly int s_entryBytes = s_dataOffset + sizeof(ulong);

    private readonly DescriptorHandle _epoll = new(
        SocketCalls.EpollCreate(SocketCalls.CloseOnExecute));

    private readonly DescriptorHandle _stop = new(
        SocketCalls.EventFile(0, SocketCalls.CloseOnExecute));

    private readonly ConcurrentDictionary<ulong, SharedFile> _files = new();
    private readonly Thread _thread;
    private Action<SharedFile>? _onHangUp;

    internal HangUpWatcher()
    {
        Control(SocketCalls.EpollAdd, _stop, SocketCalls.EpollIn, StopToken);
        _thread = new Thread(Run) { IsBackground = true, Name = "flashkv hang-ups" };
    }

    /// <summary>Begins.</summary>
    /// <param name="onHangUp">Called when the last copy of a file is closed.</param>
    internal void Start(Action<SharedFile> onHangUp)
    {
        _onHangUp = onHangUp;
        _thread.Start();
    }

    /// <summary>Watches a file. What has happened to it already is seen.</summary>
    internal void Watch(SharedFile file)
    {
        // A hang-up is always reported. Edges, because it stays.
        uint events = SocketCalls.EpollEdge | (file.Context is null ? 0 : SocketCalls.EpollOut);
        _files[file.Id] = file;
        Control(SocketCalls.EpollAdd, file.Near.Descriptor, events, file.Id);
    }

    /// <summary>Watches it no more.</summary>
    internal void Forget(SharedFile file)
    {
        _files.TryRemove(KeyValuePair.Create(file.Id, file));
        Control(SocketCalls.EpollDelete, file.Near.Descriptor, 0, file.Id);
    }

    public void Dispose()
    {
        ulong one = 1;
        _ = SocketCalls.Write(_stop, &one, sizeof(ulong));
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _stop.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, DescriptorHandle file, uint events, ulong token)
    {
        byte* entry = stackalloc byte[s_entryBytes];
        Span<byte> bytes = new(entry, s_entryBytes);
        bytes.Clear();
        MemoryMarshal.Write(bytes, events);
        MemoryMarshal.Write(bytes[s_dataOffset..], token);
        _ = SocketCalls.EpollControl(_epoll, operation, file, entry);
    }

    private void Run()
    {
        byte* entries = stackalloc byte[s_entryBytes * MaxEntries];
        while (true)
        {
            int count = SocketCalls.EpollWait(_epoll, entries, MaxEntries, -1);
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> entry = new(entries + (i * s_entryBytes), s_entryBytes);
                ulong token = MemoryMarshal.Read<ulong>(entry[s_dataOffset..]);
                if (token == StopToken)
                {
                    return;
                }

                if (_files.TryGetValue(token, out SharedFile? file))
                {
                    Handle(file, MemoryMarshal.Read<uint>(entry));
                }
            }
        }
    }

    private void Handle(SharedFile file, uint events)
    {
        if ((events & SocketCalls.EpollHangUp) == 0)
        {
            file.Context?.SendEvents();
        }
        else if (file.Context is null)
        {
            _onHangUp!(file);
        }
        else
        {
            // The driver may have to wait for a transfer that hangs.
            ThreadPool.UnsafeQueueUserWorkItem(_onHangUp!, file, preferLocal: false);
        }
    }
}
