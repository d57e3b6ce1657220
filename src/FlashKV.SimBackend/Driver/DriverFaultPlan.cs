namespace FlashKV.SimBackend.Driver;

/// <summary>Which of the driver's coming steps fail. Not synchronised.</summary>
internal sealed class DriverFaultPlan
{
    private readonly Dictionary<DriverFault, int> _planned = [];

    /// <summary>Makes a step fail a number of times.</summary>
    internal void Add(DriverFault fault, int times) =>
        _planned[fault] = _planned.GetValueOrDefault(fault) + times;

    /// <summary>Whether the step that is being taken fails.</summary>
    internal bool Strikes(DriverFault fault)
    {
        int left = _planned.GetValueOrDefault(fault);
        if (left > 0)
        {
            _planned[fault] = left - 1;
        }

        return left > 0;
    }
}
