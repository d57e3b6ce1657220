using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend.Sharing;

/// <summary>A descriptor of this process, closed with the handle.</summary>
internal sealed class DescriptorHandle : SafeHandleMinusOneIsInvalid
{
    internal DescriptorHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The number. Valid while the handle is held.</summary>
    internal int Number => (int)handle;

    /// <summary>Gives the number up: the handle no longer closes it.</summary>
    internal int Detach()
    {
        int number = (int)handle;
        SetHandleAsInvalid();
        return number;
    }

    protected override bool ReleaseHandle() => SocketCalls.Close((int)handle) == 0;
}
