using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// Built preload libraries, in the user's cache: one for each state of the sources and each compiler.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class PreloadCache
{
    private const string LibraryName = "libflashkv-preload.so";

    private const UnixFileMode OnlyTheUser =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly string[] s_options =
    [
        "-std=gnu11", "-O2", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall",
    ];

    /// <summary>Gives the library, built if it was not.</summary>
    /// <exception cref="PreloadLibraryException">It cannot be built.</exception>
    internal static string Get(
        SortedDictionary<string, byte[]> sources, NativeCompiler compiler)
    {
        string directory = Path.Combine(Root(), "preload-" + NameOf(sources, compiler));
        string library = Path.Combine(directory, LibraryName);
        if (!File.Exists(library))
        {
            Build(sources, compiler, directory, library);
        }

        return library;
    }

    private static void Build(
        SortedDictionary<string, byte[]> sources,
        NativeCompiler compiler,
        string directory,
        string library)
    {
        string building = Directory.CreateTempSubdirectory("flashkv-preload-").FullName;
        try
        {
            PreloadSources.WriteTo(sources, building);
            IEnumerable<string> units = sources.Keys.Where(
                name => name.EndsWith(".c", StringComparison.Ordinal));
            compiler.Run(
                [.. s_options, "-o", LibraryName, .. units, "-ldl", "-lpthread"], building);

            // Another process may do the same: what is in the cache is always whole.
            Directory.CreateDirectory(directory, OnlyTheUser);
            string arriving = $"{library}.{Environment.ProcessId}";
            File.Copy(Path.Combine(building, LibraryName), arriving, overwrite: true);
            File.Move(arriving, library, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PreloadLibraryException(
                $"The preload library cannot be kept in {directory}: {exception.Message}",
                compiler.Command);
        }
        finally
        {
            Directory.Delete(building, recursive: true);
        }
    }

    private static string Root()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = string.IsNullOrEmpty(home) ? "" : Path.Combine(home, ".cache");
        }

        return string.IsNullOrEmpty(cache)
            ? Directory.CreateTempSubdirectory("flashkv-cache-").FullName
            : Path.Combine(cache, "flashkv");
    }

    private static string NameOf(
        SortedDictionary<string, byte[]> sources, NativeCompiler compiler)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] content) in sources)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}:{content.Length}:"));
            hash.AppendData(content);
        }

        hash.AppendData(Encoding.UTF8.GetBytes(
            $"{compiler.Command}\n{compiler.Version}\n{string.Join(' ', s_options)}"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..20];
    }
}
