using System.Diagnostics;

namespace FlashKV.Tests.Clones;

/// <summary>A process of FlashKV.Reader: a line to it, a line from it.</summary>
internal sealed class ReaderProcess : IDisposable
{
    private const int TimeoutMilliseconds = 60_000;

    private readonly Process _process;

    private ReaderProcess(Process process) => _process = process;

    internal int Id => _process.Id;

    /// <summary>Starts one that opens the clone of a store that this process has open.</summary>
    internal static async Task<(ReaderProcess Reader, StoreClone Clone)> CloneAsync(
        FlashStore store, CloneOptions? options = null, params string[] arguments)
    {
        StoreClone clone = await store.CloneToAsync(StartInfo(arguments), options);
        return (new ReaderProcess(clone.Process), clone);
    }

    /// <summary>Starts one with arguments.</summary>
    internal static ReaderProcess Start(params string[] arguments) =>
        new(Process.Start(StartInfo(arguments))!);

    /// <summary>How one is started.</summary>
    internal static ProcessStartInfo StartInfo(params string[] arguments) => new(
        Path.Combine(AppContext.BaseDirectory, "FlashKV.Reader"), arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    };

    /// <summary>Waits for a line.</summary>
    internal string ReadLine()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(TimeoutMilliseconds), "the reader says nothing");
        return line.Result ?? "";
    }

    /// <summary>Says a line and waits for the answer.</summary>
    internal string Ask(string line)
    {
        Tell(line);
        return ReadLine();
    }

    /// <summary>Says a line.</summary>
    internal void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends it in good order.</summary>
    internal void End()
    {
        _process.StandardInput.Close();
        Assert.True(_process.WaitForExit(TimeoutMilliseconds), "the reader does not end");
        Assert.Equal(0, _process.ExitCode);
    }

    /// <summary>Kills it with SIGKILL.</summary>
    internal void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(TimeoutMilliseconds), "the reader does not end");
    }

    /// <summary>Sends it a signal.</summary>
    internal void Signal(string signal)
    {
        using Process kill = Process.Start("kill", [signal, $"{Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
