using System.Diagnostics;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>A client in a process of its own.</summary>
internal sealed class ClientProcessHandle : IDisposable
{
    private const int TimeoutMilliseconds = 60_000;

    private readonly Process _process;

    internal ClientProcessHandle(params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(
            Path.Combine(AppContext.BaseDirectory, "FlashKV.SimBackend.Client"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    /// <summary>Waits for a line that the client says.</summary>
    internal string ReadLine()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(TimeoutMilliseconds), "the client says nothing");
        return line.Result ?? "";
    }

    /// <summary>Tells it a line and waits for what it says to that.</summary>
    internal string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return ReadLine();
    }

    /// <summary>Ends its input, and that of a child that has inherited it.</summary>
    internal void CloseInput() => _process.StandardInput.Close();

    /// <summary>Ends it in good order.</summary>
    internal void End()
    {
        CloseInput();
        Assert.True(_process.WaitForExit(TimeoutMilliseconds), "the client does not end");
        Assert.Equal(0, _process.ExitCode);
    }

    /// <summary>Kills it with SIGKILL.</summary>
    internal void Kill()
    {
        _process.Kill();
        Assert.True(_process.WaitForExit(TimeoutMilliseconds), "the client does not end");
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
