using FlashKV.Cli.Commands;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>Topology files (docs/adapter.md).</summary>
public sealed class AdapterTopologyTests : IDisposable
{
    private const string Lun = """{"name":"a","size":"1G"}""";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Everything_that_can_be_said_is_understood()
    {
        AdapterTopology topology = Read(
            """
            {
              // comments are allowed
              "luns": [
                { "name": "fast", "size": "512M", "latency": "80us", "block": 512 },
                { "name": "kept", "file": "/x/lun", "wwid": "60000000000000000000000000000abc" },
              ],
              "adapters": [
                { "mode": "sq", "ports": 4, "handles": 4096, "contexts": 20, "rooms": 64,
                  "reportsResets": false,
                  "luns": [ { "lun": "kept", "ports": [1, 3], "superpipe": false }, "fast" ] },
                { "luns": [ "kept" ] }
              ]
            }
            """);
        Assert.Equal(
            [TimeSpan.FromMicroseconds(80), TimeSpan.Zero],
            topology.Luns.Select(lun => lun.Latency));
        Assert.Equal((512, 512L << 20), (topology.Luns[0].BlockBytes, topology.Luns[0].Bytes));
        Assert.Equal("/x/lun", topology.Luns[1].File);
        Assert.Equal(0xBC, topology.Luns[1].Wwid.Span[15]);
        TopologyAdapter first = topology.Adapters[0];
        Assert.Equal(SubmissionMode.SubmissionQueue, first.Mode);
        Assert.Equal(
            (4, 4096, 20, 64, false),
            (first.Ports, first.Handles, first.Contexts, first.Rooms, first.ReportsResets));
        Assert.Equal(
            [new TopologyPath("kept", 0b1010, false), new TopologyPath("fast")], first.Luns);
        Assert.Equal((2, 256), (topology.Adapters[1].Ports, topology.Adapters[1].Handles));
    }

    [Theory]
    [InlineData("{", "line 1: not JSON")]
    [InlineData("[]", "the whole: not an object")]
    [InlineData("""{"luns":[],"adapters":[]}""", "luns: not a list with at least one item")]
    [InlineData("""{"luns":[LUN]}""", "the whole: 'adapters' is missing")]
    [InlineData(
        """{"luns":[LUN,LUN],"adapters":[{"luns":["a"]}]}""", "luns: two LUNs are called 'a'")]
    [InlineData("""{"luns":[LUN],"x":1,"adapters":[]}""", "the whole: 'x' is not known")]
    [InlineData("""{"luns":[{"name":"a"}],"adapters":[]}""", "luns[0]: 'size' is missing")]
    [InlineData(
        """{"luns":[{"name":"a","size":"1x"}],"adapters":[]}""", "luns[0].size: not a size")]
    [InlineData("""{"luns":[{"name":"a","size":100}],"adapters":[]}""", "luns[0].size: not a size")]
    [InlineData(
        """{"luns":[{"name":"a","size":"1G","block":1024}],"adapters":[]}""",
        "luns[0].block: none of 512, 4096")]
    [InlineData(
        """{"luns":[{"name":"a","size":"1G","wwid":"60"}],"adapters":[]}""",
        "luns[0].wwid: not 32 hexadecimal digits")]
    [InlineData(
        """{"luns":[{"name":"a","size":"1G","latency":"1h"}],"adapters":[]}""",
        "luns[0].latency: not a time")]
    [InlineData(
        """{"luns":[LUN],"adapters":[{"ports":3,"luns":["a"]}]}""",
        "adapters[0].ports: none of 1, 2, 4")]
    [InlineData(
        """{"luns":[LUN],"adapters":[{"luns":["b"]}]}""",
        "adapters[0].luns[0]: there is no LUN 'b'")]
    [InlineData(
        """{"luns":[LUN],"adapters":[{"luns":["a",{"lun":"a","ports":[0]}]}]}""",
        "adapters[0].luns: LUN 'a' is there twice")]
    [InlineData(
        """{"luns":[LUN],"adapters":[{"luns":[{"lun":"a","ports":[2]}]}]}""",
        "adapters[0].luns[0].ports[0]: not a whole number from 0 to 1")]
    [InlineData(
        """{"luns":[LUN],"adapters":[{"mode":"fast","luns":["a"]}]}""",
        """adapters[0].mode: neither "ioarrin" nor "sq""")]
    public void What_is_wrong_is_named_with_its_place(string text, string message)
    {
        ToolException problem = Assert.Throws<ToolException>(
            () => Read(text.Replace("LUN", Lun, StringComparison.Ordinal)));
        Assert.Equal(ExitCode.DataError, problem.ExitCode);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        ToolException problem = Assert.Throws<ToolException>(
            () => AdapterTopologyFile.Read("/nowhere/topology.json"));
        Assert.Equal(ExitCode.NoInput, problem.ExitCode);
        Assert.Contains("/nowhere/topology.json", problem.Message, StringComparison.Ordinal);
    }

    private AdapterTopology Read(string text)
    {
        string path = _directory["topology.json"];
        File.WriteAllText(path, text);
        return AdapterTopologyFile.Read(path);
    }
}
