using System.Numerics;
using System.Text;

namespace FlashKV.Superpipe.Scheduling;

/// <summary>
/// Runs a scenario once for every order in which its threads can pass their points: depth first, by
/// doing the run again from the start with the last choice changed. Between two points a thread runs
/// alone.
/// </summary>
/// <remarks>
/// <para>
/// What is explored are interleavings of the accesses made through Interlocked and Volatile, in the
/// order of the program; with the mistakes of <see cref="Mutations.Mutations"/>, of plain accesses
/// too. Reordering by compiler and processor is not.
/// </para>
/// <para>
/// A thread that yields waits for something. It is not chosen again before every thread that could
/// run and has not since its last yield (Musuvathi and Qadeer, "Fair stateless model checking",
/// PLDI 2008). So a loop that waits ends, unless what it waits for never comes.
/// </para>
/// <para>
/// How often a run departs from the plain order, in which a thread goes on until it yields or ends,
/// can be limited (Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling", POPL 2011): errors of
/// this kind need few departures.
/// </para>
/// </remarks>
internal sealed class Scheduler
{
    /// <summary>The most schedules that a scenario should have, for its test to be quick.</summary>
    internal const int MostSchedules = 20_000;

    /// <summary>
    /// Where to end a search for a mistake, which has more points than the scenarios are made for.
    /// </summary>
    internal static int SearchLimit { get; set; } = int.MaxValue;

    private const int MaxPoints = 5000;

    [ThreadStatic]
    private static ModelThread? s_current;

    private readonly int _maxDelays;
    private readonly ModelThread[] _threads;
    private readonly SemaphoreSlim _ended = new(0);
    private readonly List<(int Taken, int Options)> _choices = [];
    private readonly StringBuilder _trace = new();
    private readonly int[] _blockedBy;
    private readonly int[] _ranSince;
    private int _enabled;
    private int _depth;
    private int _points;
    private int _delays;
    private Exception? _failure;

    private Scheduler(int threads, int maxDelays)
    {
        _maxDelays = maxDelays;
        _blockedBy = new int[threads];
        _ranSince = new int[threads];
        _threads = [.. Enumerable.Range(0, threads).Select(n => new ModelThread(this, n))];
    }

    /// <summary>Explores all schedules of a scenario.</summary>
    /// <param name="scenario">Makes the scenario anew for each run.</param>
    /// <param name="maxDelays">The most departures of a run from the plain order.</param>
    /// <returns>The number of schedules.</returns>
    internal static int Explore(Func<Scenario> scenario, int maxDelays = int.MaxValue)
    {
        Scenario first = scenario();
        Scheduler scheduler = new(first.Threads.Length, maxDelays);
        int schedules = 0;
        try
        {
            do
            {
                scheduler.Run(schedules == 0 ? first : scenario());
                schedules++;
            }
            while (schedules < SearchLimit && scheduler.Backtrack());
        }
        finally
        {
            scheduler.End();
        }

        return schedules;
    }

    /// <summary>A point of the schedule: another thread may go on here.</summary>
    internal static void Point() => s_current?.Scheduler.Reach(s_current, yields: false);

    /// <summary>A point at which the thread waits for others.</summary>
    internal static void Yield() => s_current?.Scheduler.Reach(s_current, yields: true);

    internal void Enter(ModelThread thread)
    {
        s_current = thread;
    }

    internal void Leave(ModelThread thread)
    {
        s_current = null;
        _enabled &= ~(1 << thread.Number);
        if (_enabled == 0)
            _ended.Release();
        else
            _threads[Choose(current: -1)].GiveTurn();
    }

    internal void Fail(Exception exception) => _failure ??= exception;

    private void Run(Scenario scenario)
    {
        _depth = 0;
        _points = 0;
        _delays = 0;
        _failure = null;
        _trace.Clear();
        Array.Clear(_blockedBy);
        Array.Clear(_ranSince);
        _enabled = (1 << _threads.Length) - 1;
        for (int i = 0; i < _threads.Length; i++)
            _threads[i].Body = scenario.Threads[i];

        _threads[Choose(current: -1)].GiveTurn();
        _ended.Wait();
        try
        {
            if (_failure is null)
                scenario.Check();
        }
        catch (Exception exception)
        {
            _failure = exception;
        }

        if (_failure is not null)
            Assert.Fail($"Schedule {_trace}: {_failure}");
    }

    private void Reach(ModelThread thread, bool yields)
    {
        // Of a run that has failed, the threads only have to end.
        if (_failure is null && ++_points > MaxPoints)
            Fail(new InvalidOperationException("A schedule without end."));
        if (_failure is not null)
            throw new ScheduleEndedException();
        if (yields)
            NoteYield(thread.Number);

        int next = Choose(yields ? -1 : thread.Number);
        if (next == thread.Number)
            return;

        s_current = null;
        _threads[next].GiveTurn();
        thread.WaitForTurn();
        s_current = thread;
        if (_failure is not null)
            throw new ScheduleEndedException();
    }

    private void NoteYield(int number)
    {
        _blockedBy[number] |= _enabled & ~_ranSince[number] & ~(1 << number);
        _ranSince[number] = 0;
    }

    // The thread that runs is the first option; where it cannot go on, the next in order.
    private int Choose(int current)
    {
        int options = Selectable();
        bool canGoOn = current >= 0 && (options & (1 << current)) != 0;
        int next = canGoOn ? current : BitOperations.TrailingZeroCount(options);
        int index = Decide(_delays == _maxDelays ? 1 : BitOperations.PopCount((uint)options));
        if (index != 0)
        {
            _delays++;
            options &= ~(1 << next);
            for (int i = 1; i < index; i++)
                options &= options - 1;
            next = BitOperations.TrailingZeroCount(options);
        }

        NoteRun(next);
        return next;
    }

    private int Selectable()
    {
        int selectable = 0;
        for (int i = 0; i < _threads.Length; i++)
        {
            if ((_enabled & (1 << i)) != 0 && (_blockedBy[i] & _enabled) == 0)
                selectable |= 1 << i;
        }

        return selectable == 0 ? _enabled : selectable;
    }

    private void NoteRun(int next)
    {
        _trace.Append((char)('a' + next));
        for (int i = 0; i < _threads.Length; i++)
        {
            _blockedBy[i] &= ~(1 << next);
            _ranSince[i] |= 1 << next;
        }
    }

    private int Decide(int options)
    {
        if (options == 1)
            return 0;

        if (_depth == _choices.Count)
            _choices.Add((0, options));
        (int taken, int then) = _choices[_depth++];
        if (then != options)
            throw new InvalidOperationException("The scenario does not repeat itself.");
        return taken;
    }

    private bool Backtrack()
    {
        while (_choices.Count != 0)
        {
            (int taken, int options) = _choices[^1];
            if (taken + 1 < options)
            {
                _choices[^1] = (taken + 1, options);
                return true;
            }

            _choices.RemoveAt(_choices.Count - 1);
        }

        return false;
    }

    private void End()
    {
        foreach (ModelThread thread in _threads)
        {
            thread.Body = null;
            thread.GiveTurn();
            thread.Join();
        }
    }
}
