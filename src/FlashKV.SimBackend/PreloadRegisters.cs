namespace FlashKV.SimBackend;

/// <summary>How a native program under the preload library touches registers.</summary>
public enum PreloadRegisters
{
    /// <summary>
    /// Each load and store faults and is carried out in order: exact, in both submission modes. On
    /// x86-64 only.
    /// </summary>
    Trapped,

    /// <summary>
    /// Registers are memory that the server looks at: fast, and only for adapters with a submission
    /// queue. With others, registers are trapped all the same.
    /// </summary>
    Shared,
}
