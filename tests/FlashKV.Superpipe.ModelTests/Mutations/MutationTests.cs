using System.Reflection;

namespace FlashKV.Superpipe.Mutations;

/// <summary>
/// The models with plain accesses as points: they find every mistake of the list, and nothing where
/// none is made.
/// </summary>
public sealed class MutationTests(MutationTests.Mutants mutants)
    : IClassFixture<MutationTests.Mutants>
{
    /// <summary>The switches, as rows of a theory.</summary>
    public static TheoryData<string> Names => [.. Mutations.All.Select(mutation => mutation.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_is_found(string name)
    {
        Mutation mutation = Mutations.All.Single(one => one.Name == name);
        Exception? found = mutants.Run(name, mutation.FoundBy, mutation.Arguments);
        Assert.StartsWith("Schedule ", found?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_mistake_nothing_is_found()
    {
        foreach ((string foundBy, object[] arguments) in Mutations.All
            .Select(mutation => (mutation.FoundBy, mutation.Arguments))
            .DistinctBy(run => $"{run.FoundBy} {string.Join(',', run.Arguments)}"))
        {
            Assert.Null(mutants.Run(active: null, foundBy, arguments));
        }
    }

    /// <summary>The compiled mistakes; made once.</summary>
    public sealed class Mutants
    {
        private const int SearchLimit = 20_000;

        private readonly Assembly _assembly;

        /// <summary>Compiles.</summary>
        public Mutants()
        {
            _assembly = ModelCompiler.Compile(Mutations.All);
            TypeOf("Scheduling.Scheduler")
                .GetProperty("SearchLimit", BindingFlags.Static | BindingFlags.NonPublic)!
                .SetValue(null, SearchLimit);
        }

        internal Exception? Run(string? active, string foundBy, object[] arguments)
        {
            TypeOf("Mutant").GetProperty("Active")!.SetValue(null, active);
            string[] names = foundBy.Split('.');
            Type type = TypeOf(names[0]);
            try
            {
                type.GetMethod(names[1])!.Invoke(Activator.CreateInstance(type), arguments);
                return null;
            }
            catch (TargetInvocationException exception)
            {
                return exception.InnerException;
            }
        }

        private Type TypeOf(string name) =>
            _assembly.GetType($"FlashKV.Superpipe.{name}", throwOnError: true)!;
    }
}
