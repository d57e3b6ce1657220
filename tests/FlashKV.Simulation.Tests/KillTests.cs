using System.Globalization;
using FlashKV.Simulation.Kills;

namespace FlashKV.Simulation.Tests;

/// <summary>
/// SIGKILL on the real file medium. <c>FLASHKV_KILLS</c> says how many, <c>FLASHKV_SEED</c> from which
/// seed the moments come.
/// </summary>
public sealed class KillTests
{
    private const int FewKills = 6;

    [Fact]
    public void A_killed_writer_loses_nothing_that_it_acknowledged()
    {
        string directory = Directory.CreateTempSubdirectory("flashkv-kills-").FullName;
        KillLoop.Run(
            Path.Combine(AppContext.BaseDirectory, "FlashKV.Simulation"),
            directory,
            Setting("FLASHKV_KILLS", FewKills),
            Setting("FLASHKV_SEED", 1));
        Directory.Delete(directory, recursive: true);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value)
            ? value
            : otherwise;
}
