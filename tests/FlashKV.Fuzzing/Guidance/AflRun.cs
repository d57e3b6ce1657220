using SharpFuzz;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>Runs a target on what afl-fuzz gives. Runs among instrumented assemblies.</summary>
internal static class AflRun
{
    public static int Run(string name)
    {
        using IFuzzTarget target = FuzzTargets.Create(name);
        Fuzzer.Run(stream =>
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            target.Run(bytes.ToArray());
        });
        return 0;
    }
}
