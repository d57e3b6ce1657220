namespace FlashKV.Cli.Demo;

/// <summary>The demonstration saw something that must not be.</summary>
internal sealed class CheckFailedException(string check) : Exception(check);
