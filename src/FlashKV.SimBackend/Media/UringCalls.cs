using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// The three system calls of io_uring, which the C library has no names for, and the mappings that
/// go with them. Each answers -1 on failure and leaves the error number in
/// <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static unsafe partial class UringCalls
{
    /// <summary>Of io_uring_enter: wait for completions, and let those that are due happen.</summary>
    internal const int GetEvents = 1;

    // Of io_uring_enter: the last arguments are a structure that names a longest wait.
    private const int ExtendedArgument = 8;

    // The same on every architecture.
    private const nint SetupCall = 425;
    private const nint EnterCall = 426;
    private const nint RegisterCall = 427;

    private const int RegisterFilesOperation = 2;
    private const int UnregisterFilesOperation = 3;

    private const int ProtectReadWrite = 3;
    private const int MapSharedPopulate = 0x8001;
    private const long RingsOffset = 0;
    private const long SubmissionsOffset = 0x1000_0000;

    /// <summary>Makes a ring; the descriptor is closed on exec.</summary>
    internal static int Setup(int entries, UringParameters* parameters) =>
        (int)Call(SetupCall, entries, (nint)parameters, 0, 0, 0, 0);

    /// <summary>Hands over submissions and waits for completions, in one call.</summary>
    /// <returns>How many submissions the kernel took.</returns>
    internal static int Enter(SafeFileHandle ring, int submissions, int least, int flags)
    {
        // SAFETY: the owner of the ring keeps it open while one of its methods runs.
        nint descriptor = ring.DangerousGetHandle();
        return (int)Call(EnterCall, descriptor, submissions, least, flags, 0, 0);
    }

    /// <summary>
    /// Hands over submissions and waits for completions, but no longer than a time. When that is
    /// over and there was nothing to take, it fails with <see cref="LibC.ErrorTimer"/>.
    /// </summary>
    /// <returns>How many submissions the kernel took.</returns>
    internal static int EnterFor(
        SafeFileHandle ring, int submissions, int least, TimeSpan limit)
    {
        const int NanosecondsPerTick = 100;
        KernelTime time = new()
        {
            Seconds = limit.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = limit.Ticks % TimeSpan.TicksPerSecond * NanosecondsPerTick,
        };
        WaitArgument argument = new() { Time = &time };

        // SAFETY: as in Enter; the kernel reads both structures during the call only.
        return (int)Call(
            EnterCall,
            ring.DangerousGetHandle(),
            submissions,
            least,
            GetEvents | ExtendedArgument,
            (nint)(&argument),
            sizeof(WaitArgument));
    }

    /// <summary>Registers a file as number 0, which spares each request its look-up.</summary>
    internal static int RegisterFile(SafeFileHandle ring, SafeFileHandle file)
    {
        int descriptor = (int)file.DangerousGetHandle();
        return (int)Call(
            RegisterCall,
            ring.DangerousGetHandle(),
            RegisterFilesOperation,
            (nint)(&descriptor),
            1,
            0,
            0);
    }

    /// <summary>
    /// Lets the registered file go. Closing the ring would do so too, but some time later.
    /// </summary>
    internal static int UnregisterFile(SafeFileHandle ring) =>
        (int)Call(
            RegisterCall, ring.DangerousGetHandle(), UnregisterFilesOperation, 0, 0, 0, 0);

    internal static nint MapRings(SafeFileHandle ring, nuint length) =>
        Map(0, length, ProtectReadWrite, MapSharedPopulate, ring, RingsOffset);

    internal static nint MapSubmissions(SafeFileHandle ring, nuint length) =>
        Map(0, length, ProtectReadWrite, MapSharedPopulate, ring, SubmissionsOffset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(
        nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(
        nint number, nint a0, nint a1, nint a2, nint a3, nint a4, nint a5);

    // struct __kernel_timespec
    [StructLayout(LayoutKind.Sequential)]
    private struct KernelTime
    {
        internal long Seconds;
        internal long Nanoseconds;
    }

    // struct io_uring_getevents_arg: no signal mask.
    [StructLayout(LayoutKind.Explicit, Size = 24)]
    private struct WaitArgument
    {
        [FieldOffset(16)]
        internal KernelTime* Time;
    }
}
