using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Tests;

public class MixTests
{
    [Fact]
    public void Every_mix_has_a_kind_for_every_percent() =>
        Assert.All(Mix.All, mix => Assert.All(
            Enumerable.Range(0, 100), percent => Assert.True(Enum.IsDefined(mix.Choose(percent)))));

    [Fact]
    public void Zipfian_ranks_come_as_often_as_the_law_says()
    {
        const int Count = 1_000;
        const int Draws = 1_000_000;
        Zipfian zipfian = new(Count);
        var random = new Random(1);
        int[] seen = new int[Count];
        for (int i = 0; i < Draws; i++)
        {
            seen[zipfian.Rank(random.NextDouble())]++;
        }

        double zeta = Enumerable.Range(1, Count).Sum(rank => 1 / Math.Pow(rank, 0.99));
        Assert.All([0, 1], rank => Assert.Equal(
            1 / Math.Pow(rank + 1, 0.99) / zeta, seen[rank] / (double)Draws, tolerance: 0.005));
        Assert.Equal(
            Enumerable.Range(1, 100).Sum(rank => 1 / Math.Pow(rank, 0.99)) / zeta,
            seen[..100].Sum() / (double)Draws,
            tolerance: 0.02);
    }

    [Fact]
    public void Inserted_records_have_numbers_of_their_own()
    {
        Growth growth = new(loaded: 100);
        HashSet<long> numbers = [];
        foreach (int threads in new[] { 2, 1, 3 })
        {
            growth.Begin(threads);
            for (int i = 0; i < 10; i++)
            {
                int part = i * 7 % threads;
                Assert.True(numbers.Add(growth.Next(part)));
                growth.Added(part);
            }
        }

        Assert.All(numbers, number => Assert.InRange(number, 100, 1_000));
    }
}
