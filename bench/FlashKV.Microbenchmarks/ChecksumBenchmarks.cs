using BenchmarkDotNet.Attributes;

namespace FlashKV.Microbenchmarks;

/// <summary>CRC-32C of bytes that are in the cache.</summary>
[MemoryDiagnoser]
public class ChecksumBenchmarks
{
    private byte[] _bytes = [];

    /// <summary>Gets or sets the number of bytes: a small record, a large one, a block.</summary>
    [Params(64, 512, 4_096, 65_536)]
    public int Bytes { get; set; }

    /// <summary>Makes the bytes.</summary>
    [GlobalSetup]
    public void Fill()
    {
        _bytes = new byte[Bytes];
        new Random(1).NextBytes(_bytes);
    }

    /// <summary>The checksum of all bytes.</summary>
    [Benchmark]
    public uint Crc32C() => Log.Crc32C.Compute(_bytes);
}
