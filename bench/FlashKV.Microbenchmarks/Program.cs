using BenchmarkDotNet.Running;

// All:   dotnet run -c Release --project bench/FlashKV.Microbenchmarks -- --filter '*'
// Smoke: the same with `--job Dry`: each benchmark runs once, to show that it runs.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
