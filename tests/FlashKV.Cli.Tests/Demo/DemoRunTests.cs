using System.Text;
using FlashKV.Cli.Demo;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Tests.Demo;

public sealed class DemoRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly MemoryStream _output = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_demonstration_holds_and_leaves_nothing()
    {
        ToolResult result = BuiltTool.Run("demo", "--directory", _directory["demo"], "--seed", "7");

        Assert.EndsWith("\ndemo: OK\n", result.Text, StringComparison.Ordinal);
        result.Succeeded();
        Assert.False(Directory.Exists(_directory["demo"]));
    }

    [Fact]
    public void The_stores_of_the_demonstration_can_be_kept()
    {
        string directory = _directory["demo"];
        BuiltTool.Run("demo", "--directory", directory, "--keep").Succeeded();

        BuiltTool.Run("demo", "--directory", directory).Failed(73, $"'{directory}' is not empty");
        Assert.NotEmpty(BuiltTool.Run(
            "scan", Path.Combine(directory, "characters"), "-k", "-n", "1").Succeeded().Output);
    }

    [Fact]
    public void A_check_that_fails_is_named_and_the_stores_are_left()
    {
        int exitCode = Run(new LoadStep(), new FailingStep(), new LoadStep());

        Assert.Equal(1, exitCode);
        string output = Encoding.UTF8.GetString(_output.ToArray());
        Assert.EndsWith(
            $"\nthe stores are left in {_directory["demo"]}\n"
            + "demo: FAILED: it does not hold that two is three\n",
            output,
            StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(_directory["demo"], "characters")));
    }

    [Fact]
    public void A_lost_record_fails_the_comparison_with_the_model()
    {
        int exitCode = Run(new LoadStep(), new LosingStep(), new ReopenStep());

        Assert.Equal(1, exitCode);
        Assert.Contains(
            "demo: FAILED: it does not hold that the store holds what it must (1 of 34,924 keys",
            Encoding.UTF8.GetString(_output.ToArray()),
            StringComparison.Ordinal);
    }

    private int Run(params IDemoStep[] steps)
    {
        ToolEnvironment environment = new()
        {
            Input = Stream.Null,
            Output = _output,
            Error = TextWriter.Null,
        };
        using DemoDirectory directory = DemoDirectory.Create(_directory["demo"], keep: false);
        return DemoRun.Run(environment, directory, seed: 1, steps);
    }

    private sealed class FailingStep : IDemoStep
    {
        public void Run(DemoSession session) => DemoSession.Check(false, "two is three");
    }

    private sealed class LosingStep : IDemoStep
    {
        public void Run(DemoSession session)
        {
            using FlashStore store = session.OpenMain();
            store.Delete("0041"u8, Durability.Buffered);
        }
    }
}
