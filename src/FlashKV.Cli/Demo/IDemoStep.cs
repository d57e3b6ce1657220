namespace FlashKV.Cli.Demo;

/// <summary>One thing that the demonstration does and checks.</summary>
internal interface IDemoStep
{
    /// <summary>Does it, checks it and prints a line about it.</summary>
    /// <exception cref="CheckFailedException">Something was not as it must be.</exception>
    void Run(DemoSession session);
}
