namespace FlashKV.Fuzzing;

/// <summary>A decoder did with an input what it must not.</summary>
internal sealed class FuzzFailure(string message) : Exception(message)
{
    /// <summary>Fails unless something holds.</summary>
    public static void Unless(bool holds, string problem)
    {
        if (!holds)
        {
            throw new FuzzFailure(problem);
        }
    }
}
