using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;
using FlashKV.Superpipe;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// Runs a history again and again, and lets each time another of its writes fail: with an error, torn,
/// or for want of room. What was acknowledged is there after the next opening, and the store goes on.
/// </summary>
internal sealed class FaultExplorer(int seed)
{
    private static readonly DiskFault[] s_faults =
        [DiskFault.Error, DiskFault.Torn, DiskFault.NoSpace];

    /// <summary>How many writes were made to fail.</summary>
    public int Failed { get; private set; }

    /// <summary>Explores a history.</summary>
    /// <param name="history">The history.</param>
    /// <param name="every">Of how many writes one fails.</param>
    /// <exception cref="ModelException">A promise was broken.</exception>
    public void Explore(History history, int every = 1)
    {
        foreach (DiskFault fault in s_faults)
        {
            int write = Math.Abs(seed) % every;
            while (Fails(history, fault, write))
            {
                write += every;
            }
        }
    }

    // Returns false once the history has no such write any more.
    private bool Fails(History history, DiskFault fault, int write)
    {
        Session session = Session.Create(history.Options);
        using Machine machine = session.Machine;
        history.Before(session);
        int passing = write;
        bool hasFailed = false;
        machine.Medium.Fault = isWrite =>
        {
            bool fails = isWrite && passing-- == 0;
            hasFailed |= fails;
            return fails ? fault : DiskFault.None;
        };
        try
        {
            RunToFault(history, session, () => hasFailed);
            if (hasFailed)
            {
                Failed++;
                Restart(session);
                Use(session);
            }
        }
        catch (Exception exception)
        {
            throw new ModelException(
                $"History '{history.Name}', {fault} at write {write}: {exception.Message}",
                exception);
        }

        return hasFailed;
    }

    // Opening and closing say themselves that a write failed.
    private static void RunToFault(History history, Session session, Func<bool> hasFailed)
    {
        try
        {
            history.Run(session);
            session.Compact();
        }
        catch (Exception exception) when (hasFailed()
            && exception is FlashStoreException or DeviceException)
        {
            // What it left is looked at below.
        }
    }

    private static void Restart(Session session)
    {
        var now = new OneCrash(new Random(0));
        session.Sink = new KindFilter(now, CrashKind.Kill);
        session.Offer("a fault");
        session.Sink = null;
        session.Machine.Medium.Fault = null;
        session.Suffer(now.Chosen!, CutMode.KeepAll, 0);
    }

    private static void Use(Session session)
    {
        session.CheckAll();
        session.Put(1, 100, Durability.Durable);
        session.Delete(2, Durability.Durable);
        session.Compact();
        session.CheckAll();
        session.Verify();
    }
}
