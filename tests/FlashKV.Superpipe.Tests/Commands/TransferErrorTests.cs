using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

public class TransferErrorTests
{
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_command_may_fail_three_times(int failures) => Threads.RunOne(() =>
    {
        using Rig rig = NewRig(FailingFirst(failures, ScriptedAnswer.FcError(SislFcRc.LinkDown)));
        using BlockBuffer buffer = new(8);

        rig.Lun.Transfer(Rig.Write(0, buffer, 0, 8));

        Assert.Equal(failures * 8, rig.Statistics.Retries);
        Assert.Equal(0, rig.Statistics.Failures);
        rig.AssertSound();
    });

    [Fact]
    public void The_fourth_failure_of_a_command_is_the_batch_s() => Threads.RunOne(() =>
    {
        using Rig rig = NewRig(FailingFirst(4, ScriptedAnswer.FcError(SislFcRc.LinkDown)));
        using BlockBuffer buffer = new(1);

        DeviceException failure = Assert.Throws<DeviceException>(() =>
            rig.Lun.Transfer(Rig.Read(33, buffer)));

        Assert.Equal(Errno.NetworkDown, failure.Errno);
        Assert.Equal(33, failure.Lba);
        Assert.Equal("READ(16)", failure.Operation);
        Assert.Equal(0x57000000u, failure.Ioasc);
        Assert.Equal(3, rig.Statistics.Retries);
        Assert.Equal(1, rig.Statistics.Failures);
        rig.AssertSound();
    });

    [Fact]
    public void A_failed_batch_has_ended_and_the_context_goes_on() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new()
        {
            AnswersPerWait = 2,
            Script = command => command.Lba == 20
                ? ScriptedAnswer.AfuError(SislAfuRc.LxtOutOfBounds)
                : ScriptedAnswer.Good,
        };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(300);

        DeviceException failure = Assert.Throws<DeviceException>(() =>
            rig.Lun.Transfer(Rig.Write(0, buffer, 0, 300)));

        Assert.Equal(20, failure.Lba);
        Assert.Equal(Errno.InputOutput, failure.Errno);
        rig.AssertSound();
        Assert.True(rig.Statistics.Commands < 299, "Commands were begun after the failure.");
        TransferTests.RoundTrip(rig, 10, 100);
        rig.AssertSound();
    });

    [Fact]
    public void A_thin_lun_out_of_space_is_told_by_its_sense_data() => Threads.RunOne(() =>
    {
        using Rig rig = NewRig(FailingFirst(1, ScriptedAnswer.Check(ScsiSense.OutOfSpace)));
        using BlockBuffer buffer = new(1);

        DeviceException failure = Assert.Throws<DeviceException>(() =>
            rig.Lun.Transfer(Rig.Write(5, buffer)));

        Assert.True(failure.IsOutOfSpace);
        Assert.Equal(Errno.NoSpace, failure.Errno);
        Assert.Equal((7, 0x2707), (failure.SenseKey, failure.AdditionalSense));
        Assert.Equal("WRITE(16)", failure.Operation);
        rig.AssertSound();
    });

    [Fact]
    public void A_busy_lun_is_tried_again_after_a_delay() => Threads.RunOne(() =>
    {
        ManualClock clock = new();
        using Rig rig = NewRig(
            FailingFirst(2, ScriptedAnswer.ScsiError(SislScsiRc.Busy)), clock);
        using BlockBuffer buffer = new(4);

        rig.Lun.Transfer(Rig.Write(0, buffer, 0, 4));

        Assert.Equal(8, rig.Statistics.Delays);
        Assert.Equal(2 * s_retryDelay, clock.Delayed);
        rig.AssertSound();
    });

    [Fact]
    public void A_link_that_stays_down_ends_the_batch() => Threads.RunOne(() =>
    {
        ManualClock clock = new();
        using Rig rig = NewRig(
            FailingFirst(100, ScriptedAnswer.AfuError(SislAfuRc.NoChannels)), clock);
        using BlockBuffer buffer = new(200);

        DeviceException failure = Assert.Throws<DeviceException>(() =>
            rig.Lun.Transfer(Rig.Read(0, buffer, 0, 200)));

        Assert.Equal(Errno.NetworkDown, failure.Errno);
        Assert.Equal(3 * s_retryDelay, clock.Delayed);
        rig.AssertSound();
    });

    [Fact]
    public void A_unit_attention_is_told_to_the_driver_with_its_sense_data() =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter =
                FailingFirst(1, ScriptedAnswer.Check(ScsiSense.ResetOccurred));
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(4);

            rig.Lun.Transfer(Rig.Read(0, buffer, 0, 4));

            // All four came together, so the driver was told once.
            byte[] sense = new byte[18];
            ScsiSense.ResetOccurred.WriteFixed(sense);
            Assert.Equal([sense], adapter.VerifySenses);
            Assert.Equal(1, rig.Statistics.UnitAttentions);
            rig.AssertSound();
        });

    [Fact]
    public void A_unit_attention_that_the_driver_cannot_settle_is_fatal() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = FailingFirst(1, ScriptedAnswer.Check(ScsiSense.ResetOccurred));
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(4);
        adapter.Refuse(IoctlRequest.Verify, Errno.InputOutput);

        DeviceException failure = Assert.Throws<DeviceException>(() =>
            rig.Lun.Transfer(Rig.Read(0, buffer, 0, 4)));

        Assert.Equal(Errno.InputOutput, failure.Errno);
        rig.AssertSound();
        rig.Lun.Transfer(Rig.Read(0, buffer, 0, 4));
    });

    [Fact]
    public void A_capacity_that_the_driver_cannot_read_stops_nothing() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = FailingFirst(1, ScriptedAnswer.Check(ScsiSense.ResetOccurred));
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(4);
        adapter.Refuse(IoctlRequest.Verify, Errno.NoDevice);

        rig.Lun.Transfer(Rig.Read(0, buffer, 0, 4));

        Assert.Equal(1, rig.Statistics.UnitAttentions);
        rig.AssertSound();
    });

    [Fact]
    public void Unit_attentions_for_ever_are_bounded() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter =
            FailingFirst(1000, ScriptedAnswer.Check(ScsiSense.ResetOccurred));
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(1);

        Assert.Throws<DeviceException>(() => rig.Lun.Transfer(Rig.Read(0, buffer)));

        Assert.Equal(3, rig.Statistics.UnitAttentions);
        rig.AssertSound();
    });

    [Theory]
    [InlineData(false, 11)]
    [InlineData(true, 12)]
    public void Threads_get_through_a_storm_of_errors(bool usesRing, int seed)
    {
        Random random = new(seed);
        HashSet<(ulong Lba, byte Opcode)> failed = [];
        ScriptedAnswer[] errors =
        [
            ScriptedAnswer.FcError(SislFcRc.AbortPend),
            ScriptedAnswer.ScsiError(SislScsiRc.QueueFull),
            ScriptedAnswer.AfuError(SislAfuRc.OutOfDataBufs),
            ScriptedAnswer.Check(ScsiSense.ResetOccurred),
        ];
        ScriptedAdapter adapter = new()
        {
            UsesRing = usesRing,
            Rooms = 12,
            Reorders = true,
            AnswersPerWait = 6,
            Seed = seed,
            Script = command => random.Next(3) == 0 && failed.Add((command.Lba, command.Opcode))
                ? errors[random.Next(errors.Length)]
                : ScriptedAnswer.Good,
        };
        using Rig rig = NewRig(adapter, new ManualClock());
        Threads.Run(4, number =>
        {
            for (int i = 0; i < 40; i++)
                TransferTests.RoundTrip(rig, 30, (number * 10_000) + (i * 30));
        });

        Assert.True(rig.Statistics.Retries > 100, $"seed {seed}");
        rig.AssertSound();
    }

    private static Rig NewRig(ScriptedAdapter adapter, ManualClock? clock = null) => new(
        adapter,
        new AttachOptions
        {
            CommandBlocks = 64,
            RetryDelay = s_retryDelay,
            Clock = clock ?? new ManualClock(),
        });

    // Each block's command fails a number of times; then it works.
    private static ScriptedAdapter FailingFirst(int failures, ScriptedAnswer answer)
    {
        Dictionary<ulong, int> counts = [];
        return new ScriptedAdapter
        {
            Script = command =>
            {
                int count = counts.GetValueOrDefault(command.Lba);
                counts[command.Lba] = count + 1;
                return count < failures ? answer : ScriptedAnswer.Good;
            },
        };
    }
}
