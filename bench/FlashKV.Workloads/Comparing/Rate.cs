namespace FlashKV.Workloads.Comparing;

/// <summary>Of the runs' operations per second.</summary>
internal readonly record struct Rate(double Min, double Median, double Max);
