using System.Runtime.InteropServices;
using FlashKV.Workloads.Limits;

namespace FlashKV.Workloads.Stores;

/// <summary>Zeroed memory for which huge pages were asked.</summary>
internal static unsafe class HugeMemory
{
    private const int AdviseHugePages = 14;
    private const long Alignment = 2 << 20;

    /// <summary>Takes memory.</summary>
    public static void* Map(long bytes)
    {
        // SAFETY: the memory is the caller's until Unmap, and is cleared over its whole length.
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, (nuint)Alignment);
        if (OperatingSystem.IsLinux())
        {
            _ = SystemCalls.Advise((nint)memory, (nint)bytes, AdviseHugePages);
        }

        NativeMemory.Clear(memory, (nuint)bytes);
        return memory;
    }

    /// <summary>Gives it back.</summary>
    public static void Unmap(void* memory) => NativeMemory.AlignedFree(memory);
}
