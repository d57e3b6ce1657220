using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The calls of the C library that sockets between processes need (64-bit Linux). Each answers -1
/// on failure and leaves the error number in <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static unsafe partial class SocketCalls
{
    internal const int Unix = 1;
    internal const int SequencedPackets = 5;
    internal const int CloseOnExecute = 0x80000;
    internal const int NonBlockingSocket = 0x800;

    internal const int SocketLevel = 1;
    internal const int SendBuffer = 7;
    internal const int PeerCredentials = 17;
    internal const int Rights = 1;

    internal const int NoSignal = 0x4000;
    internal const int DoNotWait = 0x40;
    internal const int Peek = 0x2;
    internal const int TruncatedLength = 0x20;
    internal const int ReceivedCloseOnExecute = 0x4000_0000;

    internal const int ShutReading = 0;
    internal const int ShutWriting = 1;
    internal const int ShutBoth = 2;

    internal const short PollIn = 0x1;
    internal const short PollOut = 0x4;
    internal const short PollHangUp = 0x10;

    internal const int EpollAdd = 1;
    internal const int EpollDelete = 2;
    internal const uint EpollIn = 0x1;
    internal const uint EpollOut = 0x4;
    internal const uint EpollHangUp = 0x10;
    internal const uint EpollEdge = 0x8000_0000;

    internal const int SetPtracer = 0x5961_6d61;

    internal const int DuplicateCloseOnExecute = 1030;
    internal const int ErrorInterrupted = 4;
    internal const int ErrorTryAgain = 11;
    internal const int ErrorInUse = 98;
    internal const int ErrorRefused = 111;

    /// <summary>Whether these declarations fit the running system.</summary>
    internal static bool IsUsable => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int SocketPair(int domain, int type, int protocol, int* descriptors);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(DescriptorHandle socket, byte* address, int length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(DescriptorHandle socket, byte* address, int length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    internal static partial int Listen(DescriptorHandle socket, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept(
        DescriptorHandle socket, byte* address, int* length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(DescriptorHandle socket, int how);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetOption(
        DescriptorHandle socket, int level, int option, int* value, int length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetOption(
        DescriptorHandle socket, int level, int option, void* value, int* length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(
        DescriptorHandle socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMessage(
        DescriptorHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(
        DescriptorHandle socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint ReceiveMessage(
        DescriptorHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollEntry* entries, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(
        DescriptorHandle epoll, int operation, DescriptorHandle file, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(
        DescriptorHandle epoll, byte* entries, int count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFile(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(DescriptorHandle file, long length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(
        nint address, nuint length, int protection, int flags, DescriptorHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(DescriptorHandle file, void* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeMode(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true,
        StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Status(
        int directory, string path, int flags, uint mask, byte* status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(
        int option, nuint second, nuint third, nuint fourth, nuint fifth);
}
