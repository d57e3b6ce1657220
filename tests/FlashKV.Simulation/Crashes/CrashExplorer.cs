using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// Stops a history at every step of staging and at every change of the disk, opens what is left,
/// compares it with the model, goes on writing and crashes once more. The opening itself is stopped
/// as well.
/// </summary>
/// <param name="seed">What all choices come from.</param>
/// <param name="wholeEvery">
/// Of how many crashes one is followed by more than an opening and a comparison.
/// </param>
internal sealed class CrashExplorer(int seed, int wholeEvery = 1)
{
    private static readonly CutMode[] s_modes =
        [CutMode.LoseAll, CutMode.KeepAll, CutMode.Seeded, CutMode.Seeded];

    // Choices of the first time through are below.
    private const int FirstRound = 1 << 20;

    private CrashCounts _counts;

    /// <summary>What was looked at so far.</summary>
    public CrashCounts Counts => _counts;

    /// <summary>Explores a history.</summary>
    /// <param name="history">The history.</param>
    /// <param name="least">
    /// How many openings to compare at least: once everything was stopped everywhere, the power is
    /// cut at every change again, each time with another choice of what is left.
    /// </param>
    /// <exception cref="ModelException">A promise was broken; the message says where.</exception>
    public void Explore(History history, int least = 0)
    {
        IReadOnlyList<Crash> crashes = Record(history);
        using var machine = new Machine(history.Options, new Disk());
        long end = _counts.Openings + least;
        for (int i = 0; i < crashes.Count; i++)
        {
            Examine(history, crashes, i, () => Examine(machine, crashes[i], i));
        }

        for (int round = 1; _counts.Openings < end; round++)
        {
            for (int i = 0; i < crashes.Count && _counts.Openings < end; i++)
            {
                if (crashes[i].Kind == CrashKind.PowerCut)
                {
                    int choice = FirstRound + (round * crashes.Count) + i;
                    Examine(history, crashes, i, () => Reopen(
                        machine, crashes[i], CutMode.Seeded, choice, null));
                }
            }
        }
    }

    /// <summary>
    /// Cuts the power at every change of the disk, and compares what salvage gives with what an
    /// opening gives.
    /// </summary>
    /// <param name="history">The history.</param>
    /// <param name="choices">With how many choices of what is left, at each change.</param>
    /// <exception cref="ModelException">A promise was broken; the message says where.</exception>
    public void ExploreSalvage(History history, int choices)
    {
        IReadOnlyList<Crash> crashes = Record(history);
        using var machine = new Machine(history.Options, new Disk());
        for (int i = 0; i < crashes.Count * choices; i++)
        {
            int number = i / choices;
            int choice = FirstRound + i;
            if (crashes[number].Kind == CrashKind.PowerCut)
            {
                Examine(history, crashes, number, () => Reopen(
                    machine, crashes[number], CutMode.Seeded, choice, null, salvages: true));
            }
        }
    }

    private void Examine(
        History history, IReadOnlyList<Crash> crashes, int number, Action examine)
    {
        try
        {
            examine();
        }
        catch (Exception exception)
        {
            throw new ModelException(
                $"History '{history.Name}', seed {seed}, crash {number} of {crashes.Count} "
                + $"({crashes[number].Kind} at {crashes[number].Place}), opening "
                + $"{_counts.Openings}: {exception.Message}",
                exception);
        }
    }

    private static IReadOnlyList<Crash> Record(History history)
    {
        var all = new AllCrashes();
        Session session = Session.Create(history.Options);
        using Machine machine = session.Machine;
        history.Before(session);
        session.Sink = all;
        history.Run(session);
        session.Offer("the end");
        session.Sink = null;
        return all.Crashes;
    }

    private void Examine(Machine machine, Crash crash, int number)
    {
        bool isKill = crash.Kind == CrashKind.Kill;
        _counts = isKill
            ? _counts with { Kills = _counts.Kills + 1 }
            : _counts with { PowerCuts = _counts.PowerCuts + 1 };
        CutMode[] modes = isKill ? [CutMode.KeepAll] : s_modes;
        for (int i = 0; i < modes.Length; i++)
        {
            int choice = (number * s_modes.Length) + i;
            if (number % wholeEvery != 0)
            {
                Reopen(machine, crash, modes[i], choice, null);
                continue;
            }

            // Of the last one, every step of the opening is stopped as well.
            ICrashSink opening = i == modes.Length - 1 && !isKill
                ? new AllCrashes()
                : new OneCrash(new Random(seed + number));
            Examine(machine, crash, modes[i], choice, opening);
        }
    }

    private void Examine(Machine machine, Crash crash, CutMode mode, int number, ICrashSink opening)
    {
        Session session = Reopen(machine, crash, mode, number, opening, salvages: true);
        var later = new OneCrash(new Random(seed ^ number));
        session.Sink = later;
        GoOn(session, number);
        session.Sink = null;
        session.CheckAll();
        session.Verify();
        Reopen(machine, later.Chosen!, CutMode.Seeded, number, null).Verify();
        IEnumerable<Crash> stopped = opening is AllCrashes all ? all.Crashes
            : opening is OneCrash { Chosen: { } one } ? [one] : [];
        foreach (Crash again in stopped)
        {
            Reopen(machine, again, CutMode.Seeded, ++number, null);
        }
    }

    private Session Reopen(
        Machine machine,
        Crash crash,
        CutMode mode,
        int number,
        ICrashSink? opening,
        bool salvages = false)
    {
        ReferenceModel model = crash.Strike(machine, mode, seed ^ (number * 31));
        SalvageCheck? salvage =
            salvages && crash.HasIdentity ? new SalvageCheck(machine, model) : null;
        var session = new Session(machine, model) { Sink = opening };
        session.Open();
        session.Sink = null;
        session.Settle();
        salvage?.Compare(session.Model.Current);
        _counts = _counts with { Openings = _counts.Openings + 1 };
        return session;
    }

    private static void GoOn(Session session, int number)
    {
        session.Put(number % 5, 40, Durability.Durable);
        session.Batch([(1, 30), (2, -1), (11, 50), (12, 60)], Durability.Buffered);
        session.Delete(3, Durability.Buffered);
        session.Put(4, 20_000, Durability.Buffered);
        session.Flush();
        session.Put(5, 70, Durability.Buffered);
        session.Compact();
    }
}
