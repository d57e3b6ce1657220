using System.Runtime.InteropServices;

namespace FlashKV.SimBackend;

/// <summary>An element of a vectored transfer as libc takes it (struct iovec, 64-bit).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IoVector
{
    /// <summary>The most elements that one system call takes (IOV_MAX).</summary>
    internal const int MaxCount = 1024;

    /// <summary>iov_base.</summary>
    internal nint Address;

    /// <summary>iov_len.</summary>
    internal nuint Length;
}
