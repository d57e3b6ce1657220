namespace FlashKV.Fuzzing;

/// <summary>
/// The kept inputs of a target: a text file with an input on each line, in hexadecimal digits, so
/// that a change of it can be read. What follows a # is a remark.
/// </summary>
internal static class Corpus
{
    /// <summary>Where they are beside the program.</summary>
    public static string DefaultDirectory => Path.Combine(AppContext.BaseDirectory, "Corpus");

    /// <summary>Reads the inputs of a target; none without a file.</summary>
    public static IReadOnlyList<byte[]> Read(string directory, string target)
    {
        string path = PathOf(directory, target);
        return !File.Exists(path) ? [] :
            [.. File.ReadLines(path)
                .Select(static line => line.Split('#')[0].Trim())
                .Where(static line => line.Length != 0)
                .Select(Convert.FromHexString)];
    }

    /// <summary>Writes the inputs of a target.</summary>
    public static void Write(string directory, string target, IEnumerable<byte[]> inputs)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllLines(
            PathOf(directory, target), inputs.Select(static input => Convert.ToHexString(input)));
    }

    /// <summary>Writes each input as a file of its own, as AFL++ wants them.</summary>
    public static void Unpack(string directory, IReadOnlyList<byte[]> inputs)
    {
        Directory.CreateDirectory(directory);
        for (int i = 0; i < inputs.Count; i++)
        {
            File.WriteAllBytes(Path.Combine(directory, $"{i:d4}"), inputs[i]);
        }
    }

    private static string PathOf(string directory, string target) =>
        Path.Combine(directory, target + ".txt");
}
