using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace FlashKV.Simulation.Crashes;

/// <summary>A file system in memory with a size, mounted for as long as this lives.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private const string BallastName = "ballast";

    private SmallFileSystem(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, BallastName);

    /// <summary>Mounts one.</summary>
    /// <returns>null where that is not permitted.</returns>
    public static SmallFileSystem? TryMount(long bytes)
    {
        string path = Directory.CreateTempSubdirectory("flashkv-small-").FullName;
        string size = string.Create(CultureInfo.InvariantCulture, $"size={bytes}");
        if (TryRun("mount", "-t", "tmpfs", "-o", size, "flashkv", path))
        {
            return new SmallFileSystem(path);
        }

        Directory.Delete(path);
        return null;
    }

    /// <summary>Takes all room but so much.</summary>
    public void Fill(long leftBytes)
    {
        using FileStream ballast = new(Ballast, FileMode.Append, FileAccess.Write);
        byte[] block = new byte[4_096];
        long most = new DriveInfo(Path).AvailableFreeSpace - leftBytes;
        for (long written = 0; written < most; written += block.Length)
        {
            ballast.Write(block);
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Empty() => File.Delete(Ballast);

    public void Dispose()
    {
        _ = TryRun("umount", Path);
        Directory.Delete(Path);
    }

    private static bool TryRun(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
            })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
