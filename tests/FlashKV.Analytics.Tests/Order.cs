namespace FlashKV.Analytics.Tests;

/// <summary>A row as a reader of the files finds it.</summary>
internal sealed record Order(
    string Id, long? Cents, double? Amount, bool? Paid, DateTime? At, string City)
{
    /// <summary>What <see cref="TestStore.Fill"/> has written for it.</summary>
    public static Order Of(int number)
    {
        byte[] value = TestStore.ValueOf(number);
        long? cents = TestStore.Cents(value);
        return new Order(
            System.Text.Encoding.UTF8.GetString(TestStore.KeyOf(number)),
            cents,
            cents / 100.0,
            cents is null ? null : true,
            TestStore.At(value),
            Convert.ToHexString(value.AsSpan(8)));
    }

    /// <summary>All of them, as files in no order are compared.</summary>
    public static List<Order> UpTo(int count) => InOrder(Enumerable.Range(0, count).Select(Of));

    public static List<Order> InOrder(IEnumerable<Order> orders) =>
        [.. orders.OrderBy(order => order.Id, StringComparer.Ordinal)];
}
