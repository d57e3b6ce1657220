namespace FlashKV.Workloads.Stores;

/// <summary>What classes are called in reports.</summary>
internal static class DurabilityClassNames
{
    public static string Of(DurabilityClass durability) => durability switch
    {
        DurabilityClass.MemoryOnly => "memory only",
        DurabilityClass.KilledProcess => "survives a killed process",
        _ => "survives a power cut",
    };
}
