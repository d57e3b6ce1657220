using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Sharing;

/// <summary>What statx says of a file (Linux). Its layout is the same on all machines.</summary>
internal static unsafe class FileStatus
{
    private const int Bytes = 256;
    private const int ModeOffset = 28;
    private const int InodeOffset = 32;
    private const uint BasicMask = 0x7FF;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const int CurrentDirectory = -100;
    private const ushort TypeMask = 0xF000;
    private const ushort SocketType = 0xC000;

    /// <summary>The inode of an open file: a socket has one of its own.</summary>
    internal static ulong InodeOf(DescriptorHandle file)
    {
        byte* status = stackalloc byte[Bytes];
        return SocketCalls.Status(file.Number, "", EmptyPath, BasicMask, status) == 0
            ? MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(status, Bytes)[InodeOffset..])
            : 0;
    }

    /// <summary>Whether there is something at a path, and whether it is a socket.</summary>
    internal static bool Exists(string path, out bool isSocket)
    {
        byte* status = stackalloc byte[Bytes];
        bool exists =
            SocketCalls.Status(CurrentDirectory, path, NoFollow, BasicMask, status) == 0;
        isSocket = exists
            && (MemoryMarshal.Read<ushort>(new ReadOnlySpan<byte>(status, Bytes)[ModeOffset..])
                & TypeMask) == SocketType;
        return exists;
    }
}
