using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Tests.Log;

public sealed class BatchCommitFormatTests
{
    // The example of docs/formats.md.
    private static readonly byte[] s_example = Convert.FromHexString(
        "01000000020000001000000000000000" + "03000000010000000500000000000000");

    private static readonly BatchParticipant[] s_participants =
        [new(1, null, 2, 16), new(3, null, 1, 5)];

    [Fact]
    public void The_example_of_the_documentation_is_what_is_written_and_read()
    {
        Assert.Equal(s_example, BatchCommitFormat.Write(s_participants));
        Assert.Equal(s_participants, BatchCommitFormat.TryRead(s_example, shardCount: 4));
    }

    [Fact]
    public void Anything_else_is_refused()
    {
        for (int length = 0; length < s_example.Length; length++)
        {
            bool isWhole = length == BatchCommitFormat.EntryBytes;
            Assert.Equal(
                isWhole, BatchCommitFormat.TryRead(s_example.AsSpan(0, length), 4) is not null);
        }

        Assert.Null(BatchCommitFormat.TryRead(s_example, shardCount: 3));
        byte[] reserved = [.. s_example];
        reserved[BatchCommitFormat.ReservedOffset] = 1;
        Assert.Null(BatchCommitFormat.TryRead(reserved, shardCount: 4));
        byte[] empty = [.. s_example];
        empty[BatchCommitFormat.CountOffset] = 0;
        Assert.Null(BatchCommitFormat.TryRead(empty, shardCount: 4));
    }
}
