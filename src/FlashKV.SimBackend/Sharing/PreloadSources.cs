using System.Reflection;

namespace FlashKV.SimBackend.Sharing;

/// <summary>The sources of the preload library, which are resources of this assembly.</summary>
internal static class PreloadSources
{
    private const string Prefix = "native/preload/";

    /// <summary>Reads all of them, in the order of their names.</summary>
    internal static SortedDictionary<string, byte[]> Read()
    {
        Assembly assembly = typeof(PreloadSources).Assembly;
        SortedDictionary<string, byte[]> sources = new(StringComparer.Ordinal);
        foreach (string name in assembly.GetManifestResourceNames())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            sources.Add(name[Prefix.Length..], content);
        }

        return sources;
    }

    /// <summary>Writes all of them into a directory.</summary>
    internal static void WriteTo(
        SortedDictionary<string, byte[]> sources, string directory)
    {
        foreach ((string name, byte[] content) in sources)
        {
            File.WriteAllBytes(Path.Combine(directory, name), content);
        }
    }
}
