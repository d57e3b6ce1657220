namespace FlashKV.Cli.Terminal;

/// <summary>Whoever read the standard output has gone; there is nobody to tell.</summary>
internal sealed class BrokenPipeException(IOException cause)
    : IOException("the reader of standard output has gone", cause);
