using System.Diagnostics;
using FlashKV.Simulation.Crashes;
using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Fuzzing;

/// <summary>
/// Opens, reads, verifies, writes to and salvages stores whose structures were changed by a seed, with
/// their checksums set anew. Whatever they say, each call answers or throws what it is documented to,
/// in bounded time and memory.
/// </summary>
internal sealed class StoreFuzzer : IDisposable
{
    // Several times what any of the images needs.
    internal const long MostManagedBytes = 256L << 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private static readonly string[] s_histories =
    [
        "batches over shards", "seal", "filling segments", "compaction with batches",
        "members without their commit record", "equal hashes",
    ];

    private readonly List<(Machine Machine, Disk Disk, StagingImage? Staging)> _images = [];

    public StoreFuzzer()
    {
        foreach (string name in s_histories)
        {
            History history = Histories.Find(name);
            Session session = Session.Create(history.Options);
            history.Before(session);
            history.Run(session);
            _images.Add((session.Machine, session.Machine.Medium.Disk.Copy(),
                session.Machine.CopyStaging()));
            session.Close();
            _images.Add((session.Machine, session.Machine.Medium.Disk.Copy(),
                session.Machine.CopyStaging()));
        }
    }

    /// <summary>How many of the changed stores were opened all the same.</summary>
    public int Opened { get; private set; }

    /// <summary>How many were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Runs the case of a seed.</summary>
    /// <exception cref="ModelException">A call did what it is not documented to.</exception>
    public void Run(int seed) => Run($"Fuzz seed {seed}", new Random(seed), null);

    /// <summary>Runs a case.</summary>
    /// <param name="name">What a failure calls it.</param>
    /// <param name="choices">What is changed, and how.</param>
    /// <param name="staging">Whether staging is changed, or the disk; null for one of both.</param>
    /// <exception cref="ModelException">A call did what it is not documented to.</exception>
    public void Run(string name, Random choices, bool? staging)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                Examine(choices, staging);
                long taken = GC.GetAllocatedBytesForCurrentThread() - before;
                if (taken > MostManagedBytes)
                {
                    throw new ModelException($"{taken} bytes of managed memory were taken.");
                }
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        if (!thread.Join(s_limit))
        {
            throw new ModelException($"{name} does not come to its end.");
        }

        if (failure is not null)
        {
            throw new ModelException($"{name}: {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        foreach (Machine machine in _images.Select(static image => image.Machine).Distinct())
        {
            machine.Dispose();
        }
    }

    // What a damaged store, a device or a bound of memory may answer.
    private static bool IsAllowed(Exception exception) =>
        exception is FlashStoreException or DeviceException or InsufficientMemoryException;

    private void Examine(Random random, bool? isStaging)
    {
        (Machine machine, Disk source, StagingImage? image) =
            _images[random.Next(_images.Count)];
        Disk disk = source.Copy();
        disk.Flush();
        StagingImage? staging = image;
        bool changesStaging = isStaging ?? random.Next(4) == 0;
        if (staging is not null && changesStaging)
        {
            staging = staging.Mutate(random);
        }
        else
        {
            new ImageMutator(disk, machine.Medium.BlockCount, random).Mutate();
        }

        machine.Become(disk, staging, hasIdentity: true);
        Try(() => machine.Salvage(-1, static (_, _) => { }));
        if (!Try(machine.Open))
        {
            Refused++;
            return;
        }

        Opened++;
        Try(() => ReadAll(machine.Store));
        Try(() => machine.Store.Verify());
        Try(() => machine.Store.Put("fuzz"u8, new byte[random.Next(5_000)]));
        Try(() => Compact(machine.Store));
        Try(machine.Close);
    }

    private static bool Try(Action call)
    {
        try
        {
            call();
            return true;
        }
        catch (Exception exception) when (IsAllowed(exception))
        {
            return false;
        }
    }

    private static void ReadAll(FlashStore store)
    {
        for (int key = 0; key < 20; key++)
        {
            Try(() => store.Get(Keys.Name(key)));
        }

        using StoreScan scan = store.Scan();
        while (scan.MoveNext())
        {
            Debug.Assert(scan.Current.Key.Length > 0);
        }
    }

    private static void Compact(FlashStore store)
    {
        foreach (Shards.Shard shard in store.Core.Shards)
        {
            shard.Compactor.CompactAll(CancellationToken.None);
        }
    }
}
