namespace FlashKV.Simulation.Model;

/// <summary>What a write does to one key.</summary>
/// <param name="Key">The number of the key.</param>
/// <param name="Value">The value; null to delete.</param>
internal readonly record struct Change(int Key, byte[]? Value);
