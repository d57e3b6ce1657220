using System.Globalization;

namespace FlashKV.SimBackend.Sharing;

/// <summary>What /proc says of a process.</summary>
/// <param name="ParentId">Its parent.</param>
/// <param name="StartTime">
/// When it started, in ticks of the system: with its number it names a process for ever.
/// </param>
internal readonly record struct ProcessStatus(int ParentId, ulong StartTime)
{
    // Counted from behind the command, which may contain anything.
    private const int ParentField = 1;
    private const int StartField = 19;

    /// <summary>Asks for a process.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    internal static bool TryRead(int processId, out ProcessStatus status)
    {
        status = default;
        try
        {
            string line = File.ReadAllText(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            string[] fields = line[(line.LastIndexOf(')') + 1)..]
                .Split(' ', StringSplitOptions.RemoveEmptyEntries);
            status = new ProcessStatus(
                int.Parse(fields[ParentField], CultureInfo.InvariantCulture),
                ulong.Parse(fields[StartField], CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
