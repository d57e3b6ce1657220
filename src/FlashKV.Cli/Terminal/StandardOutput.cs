using Microsoft.Win32.SafeHandles;

namespace FlashKV.Cli.Terminal;

/// <summary>
/// Standard output as a stream that tells when its reader has gone, by
/// <see cref="BrokenPipeException"/>.
/// </summary>
internal sealed class StandardOutput : Stream
{
    private const int Descriptor = 1;
    private const int BrokenPipe = 32;

    private readonly Stream _stream = Open();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush() => _stream.Flush();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) =>
        Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _stream.Write(buffer);
        }
        catch (IOException failure) when (failure.HResult == BrokenPipe)
        {
            throw new BrokenPipeException(failure);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// The console's own stream passes over a broken pipe in silence, so a scan into <c>head</c>
    /// would run to its end; a file stream reports it. On a file the console's stream is the right
    /// one: it writes where the descriptor stands, which other processes may share.
    /// </summary>
    private static Stream Open()
    {
        if (OperatingSystem.IsWindows())
        {
            return Console.OpenStandardOutput();
        }

        try
        {
            FileStream stream = new(
                new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            return stream.CanSeek ? Console.OpenStandardOutput() : stream;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException
            or ArgumentException)
        {
            return Console.OpenStandardOutput();
        }
    }
}
