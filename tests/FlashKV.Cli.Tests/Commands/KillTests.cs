using System.Diagnostics;
using FlashKV.Cli.Demo;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>
/// A writer that dies, by SIGKILL or by a signal that asks it to stop, leaves every write that it
/// had acknowledged, and none damaged. <c>FLASHKV_KILLS</c> says how many are killed,
/// <c>FLASHKV_SEED</c> from which seed the moments come.
/// </summary>
public sealed class KillTests : IDisposable
{
    private const int AcknowledgeEvery = 100;

    private readonly TemporaryDirectory _directory = new();
    private readonly NumberedRecords _records = new(CharacterTable.Load().Records);

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_import_loses_nothing_that_it_acknowledged(bool buffered)
    {
        int kills = Setting("FLASHKV_KILLS", 8);
        int seed = Setting("FLASHKV_SEED", 1);
        Random random = new(seed);
        KilledWriterCheck check = new(_records);
        for (int kill = 0; kill < kills; kill++)
        {
            long acknowledged = WriteAndKill(random, check, buffered);
            using FlashStore store = FlashStore.Open(Store);
            string? damage = check.FindDamage(store);
            Assert.True(
                damage is null,
                $"FLASHKV_SEED={seed}, kill {kill} after {acknowledged} writes: {damage}");
        }
    }

    [Theory]
    [InlineData(UnixSignal.Interrupt, 130)]
    [InlineData(UnixSignal.Terminate, 143)]
    public void A_signal_ends_an_import_at_a_record_with_all_of_it_stored(int signal, int exitCode)
    {
        KilledWriterCheck check = new(_records);
        using Process process = BuiltTool.Start(
            KillableWriter.Arguments(Store, AcknowledgeEvery));
        using (KillableWriter writer = new(process, _records, first: 0))
        {
            Assert.True(writer.ReadAcknowledgements(20));
            UnixSignal.Send(process, signal);
            long sent = writer.ReadToEnd();
            check.Record(sent, writer.Acknowledged);
            Assert.Equal(exitCode, process.ExitCode);
            Assert.StartsWith(
                $"flashkv: stopped by a signal: {writer.Acknowledged:N0} records imported, ",
                process.StandardError.ReadToEnd(),
                StringComparison.Ordinal);
        }

        using FlashStore store = FlashStore.Open(Store);
        Assert.Null(check.FindDamage(store));
        long keys = Math.Min(check.AcknowledgedCount, _records.KeyCount);
        Assert.Equal(keys, store.GetStatistics().Keys);
    }

    [Fact]
    public void A_signal_ends_an_import_that_waits_for_its_input()
    {
        using Process process = BuiltTool.Start(
            "import", Store, "-", "--format", "lines", "--acks=1", "--quiet");
        process.StandardInput.Write("key\nhalf a line");
        process.StandardInput.Flush();
        Assert.Equal("acked 1", process.StandardOutput.ReadLine());

        UnixSignal.Send(process, UnixSignal.Interrupt);

        BuiltTool.WaitForExit(process);
        Assert.Equal(130, process.ExitCode);
        Assert.Equal(["key"], BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines);
    }

    private long WriteAndKill(Random random, KilledWriterCheck check, bool buffered)
    {
        List<string> arguments = [.. KillableWriter.Arguments(Store, AcknowledgeEvery)];
        if (buffered)
        {
            arguments.Add("--buffered");
        }

        using KillableWriter writer = new(BuiltTool.Start(arguments), _records, check.Sent);
        Assert.True(writer.ReadAcknowledgements(random.Next(1, 60)));

        // Somewhere between two acknowledgements.
        Thread.SpinWait(random.Next(100_000));
        long sent = writer.Kill();
        check.Record(sent, writer.Acknowledged);
        return writer.Acknowledged;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out int value) ? value : otherwise;
}
