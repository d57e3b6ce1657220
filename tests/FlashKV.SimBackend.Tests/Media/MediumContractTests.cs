namespace FlashKV.SimBackend.Tests.Media;

/// <summary>What every medium promises, for each of them.</summary>
public sealed class MediumContractTests : IDisposable
{
    private const int Blocks = 1024;
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Kinds =>
        ["memory", "uring", "positioned", "buffered", "portable"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Unwritten_blocks_read_as_zeros(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory memory = new(4);
        memory.Fill(1);
        Assert.Equal(MediumStatus.Good, medium.Read(500, [memory.Run(0, 4)]));
        Assert.True(memory.Bytes.IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Written_runs_are_read_back_in_other_runs(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory source = new(8);
        using AlignedMemory target = new(8);
        source.Fill(2);
        MemoryRun[] written = [source.Run(6, 2), source.Run(0, 1), source.Run(3, 2)];
        Assert.Equal(MediumStatus.Good, medium.Write(254, written, forceUnitAccess: false));
        Assert.Equal(MediumStatus.Good, medium.Read(254, [target.Run(0, 1), target.Run(1, 4)]));
        Assert.Equal(source.Block(6), target.Block(0));
        Assert.Equal(source.Block(7), target.Block(1));
        Assert.Equal(source.Block(0), target.Block(2));
        Assert.Equal(source.Block(3), target.Block(3));
        Assert.Equal(source.Block(4), target.Block(4));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Unaligned_memory_is_taken_and_its_neighbours_are_left_alone(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory source = new(100, shift: 16);
        using AlignedMemory target = new(102, shift: 48);
        source.Fill(3);
        target.Bytes.Fill(0xEE);
        MemoryRun[] runs = [source.Run(0, 70), source.Run(70, 30)];
        Assert.Equal(MediumStatus.Good, medium.Write(7, runs, forceUnitAccess: true));
        Assert.Equal(MediumStatus.Good, medium.Read(7, [target.Run(1, 33), target.Run(34, 67)]));
        Assert.Equal(source.Bytes, target.Bytes[4096..^4096]);
        Assert.True(target.Block(0).IndexOfAnyExcept((byte)0xEE) < 0);
        Assert.True(target.Block(101).IndexOfAnyExcept((byte)0xEE) < 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_runs_than_one_system_call_takes_are_transferred(string kind)
    {
        using Medium medium = Make(kind, 3000);
        using AlignedMemory source = new(2500);
        using AlignedMemory target = new(2500);
        source.Fill(4);
        MemoryRun[] runs = [.. Enumerable.Range(0, 2500).Select(i => source.Run(2499 - i, 1))];
        Assert.Equal(MediumStatus.Good, medium.Write(100, runs, forceUnitAccess: true));
        Assert.Equal(MediumStatus.Good, medium.Read(100, [target.Run(0, 2500)]));
        for (int i = 0; i < 2500; i++)
        {
            Assert.True(source.Block(2499 - i).SequenceEqual(target.Block(i)), $"block {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_batch_does_what_its_transfers_would_one_by_one(string kind)
    {
        // More transfers than a queue takes, more runs than a system call takes, memory that
        // direct I/O does not take, and discards among them.
        const int Count = 700;
        const int Blocks = 4 * Count;
        using Medium medium = Make(kind, Blocks);
        using AlignedMemory source = new(Blocks);
        using AlignedMemory shifted = new(Blocks, shift: 16);
        source.Fill(9);
        shifted.Fill(10);
        MediumTransfer[] transfers = new MediumTransfer[Count];
        List<MemoryRun> runs = [];
        byte[] expected = new byte[Blocks * 4096];
        for (int i = 0; i < Count; i++)
        {
            AlignedMemory memory = i % 5 == 0 ? shifted : source;
            transfers[i] = Write(i, i % 7 == 0, memory, runs, expected);
        }

        medium.Execute(transfers, [.. runs]);
        Assert.All(transfers, transfer => Assert.Equal(MediumStatus.Good, transfer.Status));
        using AlignedMemory target = new(Blocks);
        for (int i = 0; i < Count; i++)
        {
            transfers[i].Operation = MediumOperation.Read;
            transfers[i].FirstRun = i;
            transfers[i].RunCount = 1;
            transfers[i].Status = MediumStatus.MediumError;
        }

        MemoryRun[] whole = [.. Enumerable.Range(0, Count).Select(i => target.Run(4 * i, 4))];
        medium.Execute(transfers, whole);
        Assert.All(transfers, transfer => Assert.Equal(MediumStatus.Good, transfer.Status));
        Assert.True(target.Bytes.SequenceEqual(expected));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Discarded_blocks_read_as_zeros_and_their_neighbours_stay(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory source = new(400);
        using AlignedMemory target = new(400);
        source.Fill(5);
        Assert.Equal(MediumStatus.Good, medium.Write(200, [source.Run(0, 400)], false));
        Assert.Equal(MediumStatus.Good, medium.Discard(201, 398));
        Assert.Equal(MediumStatus.Good, medium.Read(200, [target.Run(0, 400)]));
        Assert.Equal(source.Block(0), target.Block(0));
        Assert.Equal(source.Block(399), target.Block(399));
        Assert.True(target.Bytes[4096..^4096].IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_last_block_is_usable_and_the_next_is_refused(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory memory = new(2);
        MemoryRun[] runs = [memory.Run(0, 2)];
        Assert.Equal(MediumStatus.Good, medium.Write(Blocks - 2, runs, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => medium.Read(Blocks - 1, runs));
        Assert.Throws<ArgumentOutOfRangeException>(() => medium.Write(-1, runs, false));
        Assert.Throws<ArgumentOutOfRangeException>(() => medium.Discard(Blocks, 1));
        Assert.Equal(MediumStatus.Good, medium.Discard(Blocks, 0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Flush_succeeds(string kind)
    {
        using Medium medium = Make(kind);
        using AlignedMemory memory = new(1);
        Assert.Equal(MediumStatus.Good, medium.Write(0, [memory.Run(0, 1)], false));
        Assert.Equal(MediumStatus.Good, medium.Flush());
    }

    // Four blocks from four runs in reverse, or a discard of them.
    private static MediumTransfer Write(
        int number, bool isDiscard, AlignedMemory memory, List<MemoryRun> runs, byte[] expected)
    {
        const int Each = 4;
        MediumTransfer transfer = new()
        {
            Operation = isDiscard ? MediumOperation.Discard
                : number % 2 == 0 ? MediumOperation.Write : MediumOperation.WriteThrough,
            Block = Each * number,
            BlockCount = Each,
            FirstRun = runs.Count,
            RunCount = isDiscard ? 0 : Each,
        };
        for (int i = 0; i < transfer.RunCount; i++)
        {
            int block = (Each * number) + Each - 1 - i;
            runs.Add(memory.Run(block, 1));
            memory.Block(block).CopyTo(expected.AsSpan(((Each * number) + i) * 4096));
        }

        return transfer;
    }

    private Medium Make(string kind, long blocks = Blocks)
    {
        string path = _directory.File("medium");
        return kind switch
        {
            "memory" => new MemoryMedium(blocks),
            "uring" => FileMedium.Open(path, blocks, true, FileAccessMethod.IoUring),
            "positioned" => FileMedium.Open(path, blocks, true, FileAccessMethod.Positioned),
            "buffered" => FileMedium.Open(path, blocks, direct: false),
            _ => FileMedium.Open(path, blocks, false, FileAccessMethod.Portable),
        };
    }
}
