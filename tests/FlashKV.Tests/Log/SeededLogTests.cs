using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Tests.Log;

/// <summary>The same calls on a seeded store make the same bytes.</summary>
public sealed class SeededLogTests : IDisposable
{
    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-seeded-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // A flush left a full segment unsealed while any store of the process was being read, so
    // simulated histories depended on what other tests did.
    [Fact]
    public void A_flush_seals_whatever_else_the_process_reads()
    {
        using FlashStore store = FlashStore.Open(_directory, new FlashStoreOptions
        {
            Shards = 1,
            SegmentBytes = 256 << 10,
            Seed = 1,
            BackgroundThread = false,
        });
        ShardLog log = store.Core.Shards[0].Log;
        bool isOver = false;
        var reader = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                using Epoch.Operation operation = Epoch.Enter();
                Thread.SpinWait(2_000);
            }
        });
        reader.Start();
        try
        {
            for (int i = 0; i < 100; i++)
            {
                store.Put(BitConverter.GetBytes(i), new byte[100], Durability.Buffered);
                Segment segment = log.Hot.Current!.Segment!;
                log.CloseSegment(SegmentKind.Hot);

                log.TryAdvanceFlush(out _);

                Assert.Equal(SegmentState.Sealed, segment.State);
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            reader.Join();
        }
    }
}
