namespace FlashKV.Simulation.Model;

/// <summary>The store did not do what it promised.</summary>
internal sealed class ModelException(string message, Exception? inner = null)
    : Exception(message, inner);
