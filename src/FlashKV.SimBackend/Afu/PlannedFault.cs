namespace FlashKV.SimBackend.Afu;

/// <summary>What strikes a command: one of the named faults, or an ending.</summary>
/// <param name="Kind">The fault; <see langword="null"/> for an ending.</param>
/// <param name="Ending">How it ends.</param>
internal readonly record struct PlannedFault(CommandFault? Kind, CommandEnding Ending)
{
    /// <summary>A named fault.</summary>
    internal static PlannedFault Of(CommandFault fault) => new(fault, default);

    /// <summary>An ending.</summary>
    internal static PlannedFault Of(CommandEnding ending) => new(null, ending);
}
