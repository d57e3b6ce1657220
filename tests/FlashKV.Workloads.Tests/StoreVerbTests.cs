using System.Text.Json;

namespace FlashKV.Workloads.Tests;

public class StoreVerbTests
{
    private static readonly string[] s_fields =
    [
        "verb", "workload", "store", "durabilityClass", "threads", "keys", "valueBytes",
        "distribution", "operationsPerSecond", "p50Microseconds", "p99Microseconds",
        "p999Microseconds", "maxMicroseconds", "allocatedBytesPerOperation",
        "cpuMicrosecondsPerOperation", "ratioToCeiling",
    ];

    [Fact]
    public void Json_has_the_promised_fields_and_a_row_for_each_store_and_workload()
    {
        JsonElement[] rows = Run(
            "ycsb --quick --keys 2000 --stores flashkv --workloads A,C --threads 1 "
            + "--distributions zipfian");

        Assert.All(rows, row => Assert.Equal(
            s_fields, row.EnumerateObject().Select(field => field.Name)));
        Assert.Equal(
            ["A flashkv", "A ceiling", "C flashkv", "C ceiling"],
            rows.Select(row => $"{row.GetProperty("workload")} {row.GetProperty("store")}"));
        Assert.All(rows, row =>
        {
            JsonElement rate = row.GetProperty("operationsPerSecond");
            Assert.InRange(rate.GetProperty("min").GetDouble(), 1, double.MaxValue);
            Assert.Equal(
                ["min", "median", "max"], rate.EnumerateObject().Select(field => field.Name));
            Assert.Equal("zipfian", row.GetProperty("distribution").GetString());
            Assert.Equal(2000, row.GetProperty("keys").GetInt64());
            Assert.InRange(
                row.GetProperty("maxMicroseconds").GetDouble(),
                row.GetProperty("p50Microseconds").GetDouble(),
                double.MaxValue);
        });
        Assert.Equal(
            [JsonValueKind.Number, JsonValueKind.Null, JsonValueKind.Number, JsonValueKind.Null],
            rows.Select(row => row.GetProperty("ratioToCeiling").ValueKind));
        Assert.Equal(
            "survives a killed process", rows[0].GetProperty("durabilityClass").GetString());
    }

    [Fact]
    public void Store_is_found_whole_after_its_process_was_killed_and_after_it_was_closed()
    {
        JsonElement[] rows = Run("reopen --quick --keys 2000 --stores flashkv");

        Assert.Equal(
            ["reopen after SIGKILL", "reopen after close"],
            rows.Select(row => row.GetProperty("workload").GetString()));
    }

    [Fact]
    public void Store_or_workload_that_nobody_knows_is_refused() => Assert.All(
        [
            ["ycsb", "--stores", "nothing"],
            ["ycsb", "--workloads", "Q"],
            ["load", "--durability", "x"],
        ],
        (string[] line) => Assert.Equal(1, WorkloadsProgram.Run([.. line, "--quick"], [])));

    private static JsonElement[] Run(string line)
    {
        string file = Path.GetTempFileName();
        try
        {
            Assert.Equal(0, WorkloadsProgram.Run([.. line.Split(' '), "--json", file], []));
            return JsonSerializer.Deserialize<JsonElement[]>(File.ReadAllText(file))!;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
