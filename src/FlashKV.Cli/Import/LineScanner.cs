namespace FlashKV.Cli.Import;

/// <summary>
/// Records that are lines: each ends at a line feed, or a carriage return and one.
/// </summary>
internal sealed class LineScanner(Stream source, int limitBytes) : RecordScanner(source, limitBytes)
{
    protected override bool MayEndHere => true;

    protected override void BeginRecord()
    {
    }

    protected override int FindEnd(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n');
}
