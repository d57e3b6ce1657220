namespace FlashKV.Fuzzing;

/// <summary>
/// A decoder, and what it must do with any input: answer, or throw what it is documented to.
/// </summary>
internal interface IFuzzTarget : IDisposable
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>Inputs to begin with, which the decoder takes.</summary>
    IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>The most managed memory that one input may take, on all threads.</summary>
    long MostManagedBytes { get; }

    /// <summary>Decodes an input.</summary>
    /// <exception cref="Exception">Anything that is thrown is a finding.</exception>
    void Run(ReadOnlyMemory<byte> input);
}
