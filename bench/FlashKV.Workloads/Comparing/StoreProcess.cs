using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>A worker with a store open, seen from the process that compares.</summary>
internal sealed class StoreProcess : IDisposable
{
    private readonly Process _process;

    private StoreProcess(Process process) => _process = process;

    /// <summary>What opening took, and what the store says of itself.</summary>
    public WorkerReply Opening { get; private set; } = new();

    /// <summary>Starts one and waits until its store is open.</summary>
    public static StoreProcess Start(string store, StoreSetup setup)
    {
        StoreProcess process = new(Process.Start(StartInfo())!);
        try
        {
            process.Opening = process.Ask(new WorkerSetup(store, setup));
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Has it do something.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public WorkerReply Do(WorkerRequest request) => Ask(request);

    /// <summary>Closes the store in good order and waits for the process to end.</summary>
    /// <returns>What closing took.</returns>
    public WorkerReply Close()
    {
        WorkerReply reply = Do(new WorkerRequest(WorkerTask.Close));
        _process.WaitForExit();
        return reply;
    }

    /// <summary>Ends the process at once, as if it had crashed.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    // A program that was published with its runtime is on machines that have no other one.
    private static ProcessStartInfo StartInfo()
    {
        string program = Program();
        string host = Environment.ProcessPath!;
        string own = Path.ChangeExtension(program, null);
        bool isItself = host == own || host == own + ".exe";
        return new ProcessStartInfo(
            isItself ? host : "dotnet",
            [.. isItself ? (string[])[] : ["exec", program], WorkerProgram.Verb])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    /// <summary>This program; if it is the test host, the one beside it.</summary>
    private static string Program()
    {
        string entry = Assembly.GetEntryAssembly()?.Location ?? "";
        return entry.EndsWith("FlashKV.Peers.dll", StringComparison.Ordinal)
            ? entry
            : typeof(StoreProcess).Assembly.Location;
    }

    private WorkerReply Ask<T>(T request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _process.StandardInput.Flush();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(WorkerProgram.Prefix, StringComparison.Ordinal))
            {
                WorkerReply reply = JsonSerializer.Deserialize<WorkerReply>(
                    line[WorkerProgram.Prefix.Length..])!;
                return reply.Error is null
                    ? reply
                    : throw new InvalidOperationException(reply.Error);
            }
        }

        throw new InvalidOperationException("A worker ended without an answer.");
    }
}
