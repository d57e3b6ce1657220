namespace FlashKV.Cli.Terminal;

/// <summary>
/// A stream to read from that may make its reader wait for ever (a pipe, a terminal), and that
/// gives up waiting when the tool is to stop. What arrives after that is lost, so it is for a
/// process that ends then.
/// </summary>
internal sealed class InterruptibleInput(Stream source, CancellationToken stop) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="OperationCanceledException">The tool is to stop.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        // A pool thread waits in the read itself, and is left behind there.
        Task<int> read = Task.Run(() => source.Read(buffer, offset, count), stop);
        return read.WaitAsync(stop).GetAwaiter().GetResult();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();
}
