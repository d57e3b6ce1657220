using System.Diagnostics;
using System.Globalization;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>A store that takes part, and the process in which it is open.</summary>
internal sealed class StoreEntrant(string name, StoreSetup setup) : IEntrant, IDisposable
{
    private StoreProcess? _process;

    public string Name => name;

    public StoreSetup Setup => setup;

    public DurabilityClass Durability => setup.Durability;

    public StoreProcess Process => _process
        ?? throw new InvalidOperationException($"{name} is not open.");

    /// <summary>Opens the store.</summary>
    public void Start() => _process = StoreProcess.Start(name, setup);

    /// <summary>Has the store do something.</summary>
    public WorkerReply Do(WorkerRequest request)
    {
        try
        {
            return Process.Do(request);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException(
                $"{name}, {request.Do} {request.Mix}: {e.Message}", e);
        }
    }

    /// <summary>The bytes that its files take; holes count as nothing.</summary>
    public long BytesOnDisk()
    {
        ProcessStartInfo start = new("du", ["-s", "--block-size=1", setup.Directory])
        {
            RedirectStandardOutput = true,
        };
        using Process process = System.Diagnostics.Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(output.Split('\t')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Closes the store in good order, or kills its process.</summary>
    public void Stop(bool isKilled)
    {
        if (isKilled)
        {
            Process.Kill();
        }
        else
        {
            Process.Close();
        }

        Dispose();
    }

    public void Dispose()
    {
        _process?.Dispose();
        _process = null;
    }
}
