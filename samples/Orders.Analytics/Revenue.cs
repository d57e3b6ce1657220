namespace FlashKV.Samples.Orders;

/// <summary>What was earned in each city.</summary>
internal sealed class Revenue
{
    /// <summary>The orders of all cities.</summary>
    public long Orders { get; private set; }

    /// <summary>The cents of each city.</summary>
    public long[] Cents { get; } = new long[Order.Cities.Count];

    public static Revenue Of(StoreScan scan)
    {
        Revenue revenue = new();
        foreach (StoreEntry entry in scan)
        {
            Order order = Order.Read(entry.Key, entry.Value);
            revenue.Cents[order.City] += order.Cents;
            revenue.Orders++;
        }

        return revenue;
    }

    public static Revenue Sum(IEnumerable<Revenue> parts)
    {
        Revenue sum = new();
        foreach (Revenue part in parts)
        {
            sum.Orders += part.Orders;
            for (int city = 0; city < sum.Cents.Length; city++)
            {
                sum.Cents[city] += part.Cents[city];
            }
        }

        return sum;
    }
}
