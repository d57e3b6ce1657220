namespace FlashKV.Simulation.Crashes;

/// <summary>What an exploration has looked at.</summary>
/// <param name="Kills">Moments at which the process was ended.</param>
/// <param name="PowerCuts">Moments at which the power was cut.</param>
/// <param name="Openings">Openings after a crash, each compared with the model.</param>
internal readonly record struct CrashCounts(int Kills, int PowerCuts, int Openings);
