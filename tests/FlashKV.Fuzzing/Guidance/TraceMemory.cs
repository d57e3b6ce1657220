using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>
/// The memory in which instrumented code counts. It must be there before any such code runs, and
/// threads may run some until the process ends: it is never freed.
/// </summary>
internal static unsafe class TraceMemory
{
    public const int SizeInBytes = 1 << 16;

    /// <summary>What was counted since it was cleared.</summary>
    // SAFETY: the memory has that many bytes, here and in afl-fuzz.
    public static Span<byte> Bytes => new(Trace.SharedMem, SizeInBytes);

    /// <summary>Makes the memory, once for the process.</summary>
    public static void Create()
    {
        if (Trace.SharedMem == null)
        {
            Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(SizeInBytes);
        }
    }

    /// <summary>Begins to count anew.</summary>
    public static void Clear()
    {
        Bytes.Clear();
        Trace.PrevLocation = 0;
    }
}
