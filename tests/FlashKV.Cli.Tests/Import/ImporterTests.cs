using System.Text;
using FlashKV.Cli.Import;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Cli.Tests.Import;

public sealed class ImporterTests : IDisposable
{
    private const int Rows = 200_000;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // It said "the first 0 records are durable", however many were.
    [Fact]
    public void A_store_that_fails_is_said_to_have_what_it_has()
    {
        const int Seed = 3;
        using var memory = new MemoryMedium(3 * 65_536);
        using var medium = new FaultyMedium(memory, Seed);
        long safe = ImportUntilFailure(medium, out ToolException failure);

        Assert.Equal(ExitCode.InputOutput, failure.ExitCode);
        Assert.InRange(safe, 1, Rows - 1);
        medium.CutPower();
        medium.RestorePower();
        medium.WriteErrorRate = 0;
        File.Delete(_directory["store/staging"]);
        using var adapter = new SimulatedAdapter(medium);
        using var device = SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        using FlashStore store = FlashStore.Open(device, _directory["store"], Options());
        for (long row = 0; row < safe; row++)
        {
            Assert.True(store.Contains(Encoding.ASCII.GetBytes($"{row}")), $"seed {Seed}: {row}");
        }
    }

    private long ImportUntilFailure(FaultyMedium medium, out ToolException failure)
    {
        using var adapter = new SimulatedAdapter(medium);
        using var device = SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        FlashStore store = FlashStore.Open(device, _directory["store"], Options());
        byte[] rows = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Range(0, Rows).Select(row => $"{row}\n")));
        using var text = new FailsMediumAfterStream(rows, rows.Length * 2 / 3, medium);
        using var output = new MemoryStream();
        ToolEnvironment environment = new()
        {
            Input = text,
            Output = output,
            Error = TextWriter.Null,
        };
        using ImportInput input = ImportInput.Open("-", environment);
        using var reader = new LinesReader(new LineScanner(input.Stream, 1_000), null, false);
        Importer importer = new(store, reader, input, environment);
        failure = Assert.Throws<ToolException>(
            () => importer.Run(new ImportSettings(), new QuietProgress(environment)));
        Assert.Throws<StoreFaultedException>(store.Dispose);
        string count = failure.Message.Split("the first ")[1].Split(' ')[0];
        return long.Parse(count.Replace(",", "", StringComparison.Ordinal));
    }

    private static FlashStoreOptions Options() => new() { Shards = 1 };

    /// <summary>Input at a place of which the medium stops taking writes.</summary>
    private sealed class FailsMediumAfterStream(byte[] bytes, long place, FaultyMedium medium)
        : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer)
        {
            Fail();
            return base.Read(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Fail();
            return base.Read(buffer, offset, count);
        }

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Fail();
            return base.ReadAsync(buffer, cancellationToken);
        }

        private void Fail()
        {
            if (Position >= place)
            {
                medium.WriteErrorRate = 1;
            }
        }
    }
}
