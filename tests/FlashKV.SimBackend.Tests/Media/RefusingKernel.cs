using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend.Tests.Media;

/// <summary>A kernel that refuses a call of io_uring, as a filter of system calls does.</summary>
internal sealed class RefusingKernel(string refused, int error) : UringKernel
{
    internal override int Setup(int entries, ref UringParameters parameters) =>
        refused == nameof(Setup) ? Refuse() : base.Setup(entries, ref parameters);

    internal override int RegisterFile(SafeFileHandle ring, SafeFileHandle file) =>
        refused == nameof(RegisterFile) ? Refuse() : base.RegisterFile(ring, file);

    internal override int Enter(
        SafeFileHandle ring, int submissions, int least, TimeSpan? timeout) =>
        refused == nameof(Enter) ? Refuse() : base.Enter(ring, submissions, least, timeout);

    private int Refuse()
    {
        Marshal.SetLastPInvokeError(error);
        return -1;
    }
}
