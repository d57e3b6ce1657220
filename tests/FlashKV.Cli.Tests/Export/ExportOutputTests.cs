using FlashKV.Cli.Export;

namespace FlashKV.Cli.Tests.Export;

public sealed class ExportOutputTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // On a full disk the last bytes could not be written when the file was closed, and it stayed.
    [Fact]
    public void A_file_that_cannot_be_closed_is_removed()
    {
        string partial = _directory.Write("records.jsonl.partial", "some");
        FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write);
        ExportOutput output = new(full, _directory["records.jsonl"], partial);
        output.Stream.WriteByte(1);

        Assert.Throws<IOException>(output.Dispose);
        Assert.Empty(Directory.GetFiles(_directory.FullPath));
    }
}
