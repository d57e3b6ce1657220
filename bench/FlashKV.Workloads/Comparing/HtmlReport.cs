using System.Globalization;
using System.Net;
using System.Text;

namespace FlashKV.Workloads.Comparing;

/// <summary>A page with the tables of a report and plots of it, without scripts.</summary>
internal sealed class HtmlReport
{
    private const int Width = 640;
    private const int LabelWidth = 170;
    private const int RowHeight = 22;
    private const string Style =
        "body{font:14px sans-serif;margin:2em;max-width:60em}td,th{padding:2px 8px;"
        + "text-align:right}pre{white-space:pre-wrap}svg{display:block;margin:.5em 0 1.5em}";

    private readonly StringBuilder _page = new();

    public static void Write(StoreReport report, string path) =>
        File.WriteAllText(path, new HtmlReport().Render(report));

    private string Render(StoreReport report)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        report.WriteText(text);
        Add($"<!doctype html><meta charset=utf-8><title>{report.Verb}</title>");
        Add($"<style>{Style}</style>");
        Add($"<h1>{report.Verb}</h1><p>{Encoded(report.Machine.ToString())}</p>");
        foreach (IGrouping<WorkloadCase, StoreMeasurement> group in
            report.Measurements.GroupBy(measurement => measurement.Case))
        {
            StoreMeasurement[] all = [.. group];
            Add($"<h2>{Encoded(group.Key.ToString())}</h2>");
            Rates(all);
            Latencies(all);
        }

        Add($"<h2>Table</h2><pre>{Encoded(text.ToString())}</pre>");
        return _page.ToString();
    }

    /// <summary>A bar to the median of the rates, and a line from the least to the most.</summary>
    private void Rates(StoreMeasurement[] all)
    {
        double most = all.Max(one => one.Rate.Max);
        double Place(double rate) => LabelWidth + (rate / most * (Width - LabelWidth - 110));
        Open("operations per second: median, and from least to most", all.Length);
        for (int i = 0; i < all.Length; i++)
        {
            Rate rate = all[i].Rate;
            int top = RowHeight * (i + 1);
            Label(all[i], top);
            Add($"<rect x={LabelWidth} y={top + 4} height=14 fill=#69c "
                + $"width={Figure(Place(rate.Median) - LabelWidth)} />");
            Add($"<path d='M{Figure(Place(rate.Min))} {top + 11}H{Figure(Place(rate.Max))}' "
                + "stroke=#124 stroke-width=2 />");
            Add($"<text x={Figure(Place(rate.Max) + 6)} y={top + 16}>{rate.Median:N0}</text>");
        }

        Add("</svg>");
    }

    /// <summary>Marks for p50, p99, p99.9 and the longest, on a scale of powers of ten.</summary>
    private void Latencies(StoreMeasurement[] all)
    {
        StoreMeasurement[] timed = Array.FindAll(all, one => one.Latency.Max > 0);
        if (timed.Length == 0)
        {
            return;
        }

        double least = Math.Log10(timed.Min(one => Math.Max(one.Latency.P50, 0.01)));
        double most = Math.Log10(timed.Max(one => one.Latency.Max)) + 0.1;
        double Place(double latency) => LabelWidth
            + ((Math.Log10(Math.Max(latency, 0.01)) - least) / (most - least)
                * (Width - LabelWidth - 110));
        Open("microseconds: p50, p99, p99.9, longest; powers of ten", timed.Length);
        for (int i = 0; i < timed.Length; i++)
        {
            int top = RowHeight * (i + 1);
            Workers.LatencySummary latency = timed[i].Latency;
            Label(timed[i], top);
            Add($"<path d='M{Figure(Place(latency.P50))} {top + 11}"
                + $"H{Figure(Place(latency.Max))}' stroke=#999 />");
            double[] marks = [latency.P50, latency.P99, latency.P999, latency.Max];
            Array.ForEach(marks, mark => Add(
                $"<circle cx={Figure(Place(mark))} cy={top + 11} r=4 fill=#c63 />"));
            Add($"<text x={Figure(Place(latency.Max) + 8)} y={top + 16}>{latency.Max:N0}</text>");
        }

        Add("</svg>");
    }

    private void Open(string title, int rows) => Add(
        $"<svg width={Width} height={RowHeight * (rows + 1)} font-size=12>"
        + $"<text x=0 y=14 fill=#555>{Encoded(title)}</text>");

    private void Label(StoreMeasurement one, int top) =>
        Add($"<text x=0 y={top + 16}>{Encoded($"{one.Store} ({one.Durability})")}</text>");

    private void Add(FormattableString text) =>
        _page.AppendLine(text.ToString(CultureInfo.InvariantCulture));

    private void Add(string text) => _page.AppendLine(text);

    private static string Figure(double value) =>
        value.ToString("F1", CultureInfo.InvariantCulture);

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
