using System.Runtime.InteropServices;

namespace FlashKV.Workloads.Limits;

/// <summary>What the runtime has no method for.</summary>
internal static partial class SystemCalls
{
    [LibraryImport("libc", EntryPoint = "madvise")]
    internal static partial int Advise(nint address, nint length, int advice);
}
