namespace FlashKV.Cli.Tests.Import;

/// <summary>Gives its bytes in pieces of a few, as a slow pipe does.</summary>
internal sealed class TricklingStream(byte[] bytes, int seed, int largestPiece) : Stream
{
    private readonly Random _random = new(seed);
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int piece = Math.Min(count, _random.Next(1, largestPiece + 1));
        piece = Math.Min(piece, bytes.Length - _position);
        bytes.AsSpan(_position, piece).CopyTo(buffer.AsSpan(offset));
        _position += piece;
        return piece;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException();
}
