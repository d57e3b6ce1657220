namespace FlashKV.SimBackend.Tests.Faults;

public sealed class FaultyMediumTests : IDisposable
{
    private const int Blocks = 64;
    private readonly MemoryMedium _inner = new(Blocks);
    private readonly AlignedMemory _data = new(Blocks);
    private readonly AlignedMemory _read = new(Blocks);

    public void Dispose()
    {
        _inner.Dispose();
        _data.Dispose();
        _read.Dispose();
    }

    [Fact]
    public void Unsynced_writes_are_seen_by_reads_and_not_by_stable_storage()
    {
        using FaultyMedium medium = new(_inner, 1);
        Fill(1);
        Assert.Equal(MediumStatus.Good, Write(medium, 3, 4));
        Assert.Equal(4, medium.UnsyncedBlockCount);
        Assert.Equal(MediumStatus.Good, medium.Read(2, [_read.Run(0, 6)]));
        Assert.True(IsZero(_read.Block(0)) && IsZero(_read.Block(5)));
        Assert.Equal(_data.Bytes.Slice(0, 4 * 4096), _read.Bytes.Slice(4096, 4 * 4096));
        Assert.True(IsZero(Stable(3)));
        Assert.Equal(MediumStatus.Good, medium.Flush());
        Assert.Equal(0, medium.UnsyncedBlockCount);
        Assert.True(_data.Block(0).SequenceEqual(Stable(3)));
    }

    [Fact]
    public void Force_unit_access_makes_that_write_stable_and_no_other()
    {
        using FaultyMedium medium = new(_inner, 1);
        Fill(2);
        Write(medium, 0, 1);
        Write(medium, 1, 1, forceUnitAccess: true);
        medium.PowerCutMode = PowerCutMode.LoseAll;
        Assert.Equal(MediumStatus.Good, medium.CutPower());
        Assert.True(IsZero(Stable(0)));
        Assert.True(_data.Block(0).SequenceEqual(Stable(1)));
    }

    [Fact]
    public void Without_power_everything_fails_until_it_is_back()
    {
        using FaultyMedium medium = new(_inner, 1);
        medium.CutPower();
        Assert.False(medium.IsPowered);
        Assert.Equal(MediumStatus.MediumError, Write(medium, 0, 1));
        Assert.Equal(MediumStatus.MediumError, medium.Read(0, [_read.Run(0, 1)]));
        Assert.Equal(MediumStatus.MediumError, medium.Discard(0, 1));
        Assert.Equal(MediumStatus.MediumError, medium.Flush());
        medium.RestorePower();
        Assert.Equal(MediumStatus.Good, Write(medium, 0, 1));
    }

    [Fact]
    public void A_power_cut_keeps_loses_and_tears_by_seed_and_repeats_exactly()
    {
        HashSet<string> fates = [];
        for (int seed = 0; seed < 40; seed++)
        {
            byte[] first = RunPowerCut(seed, fates);
            Assert.True(first.AsSpan().SequenceEqual(RunPowerCut(seed, fates)), $"seed {seed}");
        }

        Assert.Equal(["kept", "lost", "older", "torn"], fates.Order());
    }

    [Theory]
    [InlineData(PowerCutMode.LoseAll)]
    [InlineData(PowerCutMode.KeepAll)]
    [InlineData(PowerCutMode.TearAll)]
    public void The_mode_of_a_power_cut_is_obeyed(PowerCutMode mode)
    {
        using FaultyMedium medium = new(_inner, 5) { PowerCutMode = mode };
        _data.Bytes.Fill(0x11);
        Write(medium, 0, 8, forceUnitAccess: true);
        _data.Bytes.Fill(0x22);
        Write(medium, 0, 8);
        medium.CutPower();
        for (int block = 0; block < 8; block++)
        {
            byte[] stable = Stable(block);
            bool hasOld = stable.Contains((byte)0x11);
            bool hasNew = stable.Contains((byte)0x22);
            Assert.Equal(mode != PowerCutMode.KeepAll, hasOld);
            Assert.Equal(mode != PowerCutMode.LoseAll, hasNew);
            AssertSectorsAreWhole(stable);
        }
    }

    [Fact]
    public void Every_change_can_be_the_last_one()
    {
        for (long cut = 0; cut < 6; cut++)
        {
            using MemoryMedium inner = new(Blocks);
            using FaultyMedium medium = new(inner, 9) { PowerCutMode = PowerCutMode.LoseAll };
            medium.CutPowerAt(cut);
            int succeeded = 0;
            succeeded += Write(medium, 0, 1) == MediumStatus.Good ? 1 : 0;
            succeeded += Write(medium, 1, 1, true) == MediumStatus.Good ? 1 : 0;
            succeeded += medium.Flush() == MediumStatus.Good ? 1 : 0;
            succeeded += medium.Discard(0, 1) == MediumStatus.Good ? 1 : 0;
            succeeded += Write(medium, 2, 2) == MediumStatus.Good ? 1 : 0;
            succeeded += medium.Flush() == MediumStatus.Good ? 1 : 0;
            Assert.Equal(cut, succeeded);
            Assert.False(medium.IsPowered);
        }
    }

    [Fact]
    public void A_change_in_the_past_cannot_be_cut()
    {
        using FaultyMedium medium = new(_inner, 1);
        Write(medium, 0, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => medium.CutPowerAt(0));
        medium.CutPowerAt(1);
    }

    [Theory]
    [InlineData(MediumFault.ReadError, MediumStatus.MediumError, MediumStatus.Good)]
    [InlineData(MediumFault.WriteError, MediumStatus.Good, MediumStatus.MediumError)]
    [InlineData(MediumFault.TornWrite, MediumStatus.Good, MediumStatus.MediumError)]
    [InlineData(MediumFault.OutOfSpace, MediumStatus.Good, MediumStatus.OutOfSpace)]
    [InlineData(MediumFault.LostWrite, MediumStatus.Good, MediumStatus.Good)]
    public void Faults_strike_the_chosen_operation_of_their_kind(
        MediumFault fault, MediumStatus read, MediumStatus write)
    {
        using FaultyMedium medium = new(_inner, 3);
        medium.InjectFault(fault, operationsBefore: 1);
        Fill(4);
        Assert.Equal(MediumStatus.Good, Write(medium, 0, 1));
        Assert.Equal(MediumStatus.Good, medium.Read(0, [_read.Run(0, 1)]));
        Assert.Equal(write, Write(medium, 1, 1));
        Assert.Equal(read, medium.Read(1, [_read.Run(0, 1)]));
        Assert.Equal(MediumStatus.Good, Write(medium, 2, 1));
        Assert.Equal(MediumStatus.Good, medium.Read(1, [_read.Run(0, 1)]));
        bool isWritten = _read.Block(0).SequenceEqual(_data.Block(0));
        Assert.Equal(fault == MediumFault.ReadError, isWritten);
        if (fault == MediumFault.TornWrite)
        {
            Assert.False(IsZero(_read.Block(0)));
        }
    }

    [Fact]
    public void Bits_flip_in_what_is_read_or_in_what_is_stored()
    {
        using FaultyMedium medium = new(_inner, 3);
        Fill(4);
        Write(medium, 0, 4);
        medium.InjectFault(MediumFault.ReadBitFlip);
        medium.Read(0, [_read.Run(0, 4)]);
        Assert.Equal(1, DifferentBits(_read.Bytes[..16384]));
        medium.Read(0, [_read.Run(0, 4)]);
        Assert.Equal(0, DifferentBits(_read.Bytes[..16384]));
        medium.InjectFault(MediumFault.WriteBitFlip);
        Assert.Equal(MediumStatus.Good, Write(medium, 0, 4, forceUnitAccess: true));
        medium.Read(0, [_read.Run(0, 4)]);
        Assert.Equal(1, DifferentBits(_read.Bytes[..16384]));
        Write(medium, 0, 4);
        Assert.Equal(MediumStatus.Good, medium.FlipBit(2, 9));
        medium.Read(0, [_read.Run(0, 4)]);
        Assert.Equal(_data.Bytes[8193] ^ 2, _read.Bytes[8193]);
    }

    [Fact]
    public void A_misdirected_write_lands_elsewhere()
    {
        using FaultyMedium medium = new(_inner, 3);
        medium.InjectFault(MediumFault.MisdirectedWrite);
        Fill(4);
        Assert.Equal(MediumStatus.Good, Write(medium, 10, 1));
        medium.Read(0, [_read.Run(0, Blocks)]);
        int[] found = [.. Enumerable.Range(0, Blocks).Where(
            block => _read.Block(block).SequenceEqual(_data.Block(0)))];
        Assert.Single(found);
        Assert.NotEqual(10, found[0]);
    }

    [Theory]
    [InlineData(MediumFault.FlushError, MediumStatus.MediumError)]
    [InlineData(MediumFault.LostFlush, MediumStatus.Good)]
    public void A_flush_that_fails_or_lies_makes_nothing_stable(
        MediumFault fault, MediumStatus status)
    {
        using FaultyMedium medium = new(_inner, 3);
        Fill(4);
        Write(medium, 0, 1);
        medium.InjectFault(fault);
        Assert.Equal(status, medium.Flush());
        Assert.Equal(1, medium.UnsyncedBlockCount);
        Assert.Equal(MediumStatus.Good, medium.Flush());
        Assert.True(_data.Block(0).SequenceEqual(Stable(0)));
    }

    [Fact]
    public void Bad_blocks_are_unreadable_until_written()
    {
        using FaultyMedium medium = new(_inner, 3);
        medium.MarkBad(5);
        Assert.Equal(MediumStatus.Good, medium.Read(0, [_read.Run(0, 5)]));
        Assert.Equal(MediumStatus.MediumError, medium.Read(0, [_read.Run(0, 6)]));
        Write(medium, 5, 1);
        Assert.Equal(MediumStatus.Good, medium.Read(0, [_read.Run(0, 6)]));
    }

    [Fact]
    public void The_space_limit_counts_different_blocks_and_discarding_frees()
    {
        using FaultyMedium medium = new(_inner, 3) { SpaceLimitBlocks = 4 };
        Fill(4);
        Assert.Equal(MediumStatus.Good, Write(medium, 0, 4));
        Assert.Equal(MediumStatus.Good, Write(medium, 1, 3));
        Assert.Equal(MediumStatus.OutOfSpace, Write(medium, 3, 2));
        Assert.Equal(MediumStatus.Good, medium.Discard(0, 1));
        Assert.Equal(MediumStatus.Good, Write(medium, 40, 1));
        Assert.Equal(MediumStatus.OutOfSpace, Write(medium, 41, 1));
    }

    [Fact]
    public void Rates_strike_by_seed()
    {
        Assert.Equal(CountErrors(7), CountErrors(7));
        Assert.InRange(CountErrors(7), 40, 160);

        int CountErrors(int seed)
        {
            using FaultyMedium medium = new(_inner, seed) { WriteErrorRate = 0.1 };
            return Enumerable.Range(0, 1000).Count(
                i => Write(medium, i % Blocks, 1) != MediumStatus.Good);
        }
    }

    [Fact]
    public void Disposing_writes_the_cache()
    {
        Fill(4);
        using (FaultyMedium medium = new(_inner, 3))
        {
            Write(medium, 0, 1);
        }

        Assert.True(_data.Block(0).SequenceEqual(Stable(0)));
    }

    [Fact]
    public void One_bad_block_of_a_merged_read_fails_its_command_alone()
    {
        using MemoryMedium inner = new(65_536);
        using FaultyMedium medium = new(inner, 3);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        uint handle = client.OpenVirtual(1);
        medium.MarkBad(5);
        Dictionary<ulong, int> sent = [];
        for (int block = 0; block < 10; block++)
        {
            sent.Add(
                client.Send(client.Command(
                    0x88, handle, (ulong)block, 1, _read.Address + (block * 4096))),
                block);
        }

        for (int i = 0; i < 10; i++)
        {
            ulong received = client.TryReceive(out var ioasa);
            Assert.Equal(sent[received] == 5, ioasa.Ioasc != 0);
        }
    }

    [Fact]
    public void A_full_medium_shows_as_a_thin_lun_out_of_space()
    {
        using MemoryMedium inner = new(65_536);
        using FaultyMedium medium = new(inner, 3) { SpaceLimitBlocks = 1 };
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        uint handle = client.OpenVirtual(1);
        client.ExecuteGood(0x8A, handle, 0, 1, _data.Address);
        var ioasa = client.Execute(0x8A, handle, 1, 1, _data.Address);
        Assert.Equal(7, ioasa.SenseData[2]);
        Assert.Equal((0x27, 0x07), (ioasa.SenseData[12], ioasa.SenseData[13]));
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;

    private static void AssertSectorsAreWhole(byte[] block)
    {
        foreach (byte[] sector in block.Chunk(512))
        {
            Assert.True(sector.AsSpan().IndexOfAnyExcept(sector[0]) < 0);
        }
    }

    private void Fill(int seed) => _data.Fill(seed);

    private MediumStatus Write(
        FaultyMedium medium, long block, int count, bool forceUnitAccess = false) =>
        medium.Write(block, [_data.Run(0, count)], forceUnitAccess);

    private byte[] Stable(long block)
    {
        using AlignedMemory memory = new(1);
        _inner.Read(block, [memory.Run(0, 1)]);
        return memory.Bytes.ToArray();
    }

    private int DifferentBits(ReadOnlySpan<byte> read)
    {
        int different = 0;
        for (int i = 0; i < read.Length; i++)
        {
            different += int.PopCount(read[i] ^ _data.Bytes[i]);
        }

        return different;
    }

    // Three contents of eight blocks, of which the first is stable; says what became of them.
    private byte[] RunPowerCut(int seed, HashSet<string> fates)
    {
        using MemoryMedium inner = new(Blocks);
        using FaultyMedium medium = new(inner, seed);
        foreach (byte content in new byte[] { 1, 2, 3 })
        {
            _data.Bytes.Fill(content);
            medium.Write(0, [_data.Run(0, 8)], forceUnitAccess: content == 1);
        }

        medium.CutPower();
        inner.Read(0, [_read.Run(0, 8)]);
        for (int block = 0; block < 8; block++)
        {
            byte[] bytes = _read.Block(block).ToArray();
            AssertSectorsAreWhole(bytes);
            bool isTorn = bytes.AsSpan().IndexOfAnyExcept(bytes[0]) >= 0;
            fates.Add(isTorn ? "torn" : bytes[0] == 1 ? "lost" : bytes[0] == 2 ? "older" : "kept");
        }

        return _read.Bytes[..(8 * 4096)].ToArray();
    }
}
