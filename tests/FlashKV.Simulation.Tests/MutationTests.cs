using FlashKV.Simulation.Mutations;
using AllMutations = FlashKV.Simulation.Mutations.Mutations;

namespace FlashKV.Simulation.Tests;

/// <summary>The net holds: mistakes that are made on purpose are found.</summary>
public sealed class MutationTests(MutationTests.Fixture fixture)
    : IClassFixture<MutationTests.Fixture>
{
    private const int Seed = 1;

    public static TheoryData<string> Names =>
        [.. AllMutations.All.Select(static mutation => mutation.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_is_found(string name)
    {
        Mutation mutation = AllMutations.All.Single(mutation => mutation.Name == name);

        Assert.NotNull(fixture.Store.Run(mutation, mutation.FoundBy, Seed));
    }

    [Fact]
    public void Without_a_mistake_nothing_is_found() =>
        Assert.Null(fixture.Store.Run(null, "members without their commit record", Seed));

    public sealed class Fixture : IDisposable
    {
        internal MutantStore Store { get; } = new(AllMutations.All);

        public void Dispose() => Store.Dispose();
    }
}
