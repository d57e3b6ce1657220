namespace FlashKV.Cli.Terminal;

/// <summary>Where long work tells how far it has come.</summary>
internal interface IProgressSink
{
    /// <summary>
    /// So many records, or what else is counted, and bytes are done. Cheap: may be called often.
    /// </summary>
    void Report(long records, long bytes);

    /// <summary>Shows a message without disturbing what moves.</summary>
    void Say(string message);
}
