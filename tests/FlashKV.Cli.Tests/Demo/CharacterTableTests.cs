using FlashKV.Cli.Demo;

namespace FlashKV.Cli.Tests.Demo;

public sealed class CharacterTableTests
{
    [Fact]
    public void The_table_has_a_record_for_each_code_point()
    {
        CharacterTable table = CharacterTable.Load();

        Assert.Equal(34_924, table.Records.Count);
        Assert.Equal(34_924, table.Records.DistinctBy(r => r.Key, ByteComparer.Instance).Count());
        Assert.Equal("0041"u8, table.Records[0x41].Key);
        Assert.True(
            table.Records[0x41].Value.AsSpan().StartsWith("0041;LATIN CAPITAL LETTER A;"u8));
    }
}
