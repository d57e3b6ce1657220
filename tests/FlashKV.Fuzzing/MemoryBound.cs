using System.Globalization;
using System.Runtime.InteropServices;

namespace FlashKV.Fuzzing;

/// <summary>
/// What memory an input takes: managed memory as it is allocated, on all threads; and whatever else
/// the process maps, by the largest size that its address space has had. The managed heap has its
/// addresses from the start, so the second counts what is not managed.
/// </summary>
internal sealed partial class MemoryBound
{
    // Code that is compiled later, stacks, and pages that malloc keeps.
    private const long MostUnmanagedBytes = 192L << 20;
    private const int ArenaMax = -8;

    private long _managed;
    private long _peak;

    /// <summary>Counts from here on. What inputs that are valid take was taken before.</summary>
    public MemoryBound()
    {
        // Each arena of malloc has 64 MiB of addresses, whatever it is used for.
        _ = SetMallocOption(ArenaMax, 1);
        _peak = Peak();
    }

    /// <summary>The next input comes.</summary>
    public void Begin() => _managed = GC.GetTotalAllocatedBytes();

    /// <summary>Takes the size so far for what is normal.</summary>
    public void Settle() => _peak = Peak();

    /// <summary>An input was decoded.</summary>
    /// <exception cref="FuzzFailure">It took too much.</exception>
    public void Check(long mostManagedBytes)
    {
        long managed = GC.GetTotalAllocatedBytes() - _managed;
        FuzzFailure.Unless(
            managed <= mostManagedBytes, $"{managed} bytes of managed memory were taken");
        long unmanaged = Peak() - _peak;
        FuzzFailure.Unless(
            unmanaged <= MostUnmanagedBytes, $"{unmanaged} bytes of other memory were taken");
    }

    private static long Peak()
    {
        const string Field = "VmPeak:";
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(Field, StringComparison.Ordinal))
            {
                string kibibytes = line[Field.Length..].Replace("kB", "", StringComparison.Ordinal);
                return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
            }
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);
}
