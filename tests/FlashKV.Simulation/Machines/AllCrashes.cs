using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Machines;

/// <summary>Keeps every moment; kills that would leave what the one before left, once.</summary>
internal sealed class AllCrashes : ICrashSink
{
    private readonly List<Crash> _crashes = [];
    private StagingImage? _killed;

    public IReadOnlyList<Crash> Crashes => _crashes;

    public void Reached(CrashKind kind, Func<Crash> crash)
    {
        Crash reached = crash();
        if (kind == CrashKind.Kill)
        {
            if (_killed is not null && ReferenceEquals(_killed, reached.Staging))
            {
                return;
            }

            _killed = reached.Staging;
        }

        _crashes.Add(reached);
    }
}
