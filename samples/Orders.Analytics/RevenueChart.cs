using System.Globalization;
using System.Text;

namespace FlashKV.Samples.Orders;

/// <summary>Draws a bar for each city.</summary>
internal static class RevenueChart
{
    private const int BarHeight = 24;
    private const int BarSpace = 32;
    private const int LabelWidth = 110;
    private const int LongestBar = 520;
    private const int Top = 50;

    public static void Write(string path, Revenue revenue, DateTimeOffset moment)
    {
        long most = Math.Max(1, revenue.Cents.Max());
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="800"
                 height="{Top + (BarSpace * revenue.Cents.Length)}" font-family="sans-serif">
            <text x="10" y="28" font-size="18">
              Revenue by city, {revenue.Orders:N0} orders, {moment:u}
            </text>

            """);
        for (int city = 0; city < revenue.Cents.Length; city++)
        {
            int y = Top + (BarSpace * city);
            double width = (double)LongestBar * revenue.Cents[city] / most;
            svg.Append(CultureInfo.InvariantCulture, $"""
                <text x="10" y="{y + 17}" font-size="14">{Order.Cities[city]}</text>
                <rect x="{LabelWidth}" y="{y}" width="{width:F1}" height="{BarHeight}"
                      fill="#3b6ea5"/>
                <text x="{LabelWidth + width + 8:F1}" y="{y + 17}" font-size="14">
                  {revenue.Cents[city] / 100.0:N2}
                </text>

                """);
        }

        svg.AppendLine("</svg>");
        File.WriteAllText(path, svg.ToString());
    }
}
