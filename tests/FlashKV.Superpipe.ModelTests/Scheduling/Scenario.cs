namespace FlashKV.Superpipe.Scheduling;

/// <summary>Threads that start together, and what must hold when all have ended.</summary>
/// <param name="Threads">What each of them does. The same actions must lead to the same points.</param>
/// <param name="Check">Looks at the outcome.</param>
internal sealed record class Scenario(Action[] Threads, Action Check);
