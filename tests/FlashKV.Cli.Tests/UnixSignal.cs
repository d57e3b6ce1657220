using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlashKV.Cli.Tests;

/// <summary>Sends signals to processes.</summary>
internal static partial class UnixSignal
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    public static void Send(Process process, int signal) =>
        Assert.Equal(0, Kill(process.Id, signal));

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
