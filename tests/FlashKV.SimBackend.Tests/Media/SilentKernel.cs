using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend.Tests.Media;

/// <summary>
/// A kernel whose disk can fall silent: what it is handed then does not end, and who waits is told
/// that the time is over.
/// </summary>
internal sealed class SilentKernel : UringKernel
{
    private SafeFileHandle? _ring;
    private int _held;

    /// <summary>Whether transfers are kept back.</summary>
    internal bool IsSilent { get; set; }

    /// <summary>How often somebody waited in vain.</summary>
    internal int WaitsInVain { get; private set; }

    internal override int Enter(
        SafeFileHandle ring, int submissions, int least, TimeSpan? timeout)
    {
        if (!IsSilent)
        {
            return base.Enter(ring, submissions, least, timeout);
        }

        _ring = ring;
        _held += submissions;
        WaitsInVain += least > 0 ? 1 : 0;
        if (submissions > 0 || least == 0)
        {
            return submissions;
        }

        Marshal.SetLastPInvokeError(LibC.ErrorTimer);
        return -1;
    }

    /// <summary>Lets the disk do what it was asked, to the end.</summary>
    internal void Speak()
    {
        IsSilent = false;
        if (_held > 0)
        {
            Assert.Equal(_held, base.Enter(_ring!, _held, _held, timeout: null));
            _held = 0;
        }
    }
}
