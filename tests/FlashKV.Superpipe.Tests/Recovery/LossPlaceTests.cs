using FlashKV.Superpipe.Tests.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Recovery;

/// <summary>
/// The places where a loss of the adapter shows, each alone: the AFU answers nothing any more, and
/// everything else reads as it did.
/// </summary>
public class LossPlaceTests
{
    [Fact]
    public void The_cmd_room_register() => RecoversFrom(LossPlace.CmdRoom, new ScriptedAdapter
    {
        Rooms = 8,
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_intr_status_register(bool usesRing) => RecoversFrom(
        LossPlace.IntrStatus, new ScriptedAdapter { UsesRing = usesRing });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_register_of_the_context_reset(bool usesRing)
    {
        // Nothing shows until the command has timed out and the context is to be reset.
        ScriptedAdapter adapter = new() { UsesRing = usesRing };
        RecoversFrom(
            LossPlace.ResetRegister, adapter, new ManualClock(TimeSpan.FromMilliseconds(200)));
        Assert.Equal(0, adapter.ContextResets);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_response_entry_of_all_ones(bool usesRing) => RecoversFrom(
        LossPlace.ResponseQueue, new ScriptedAdapter { UsesRing = usesRing });

    [Fact]
    public void Polling_the_descriptor() =>
        RecoversFrom(LossPlace.Poll, new ScriptedAdapter());

    [Fact]
    public void Reading_the_descriptor() =>
        RecoversFrom(LossPlace.Read, new ScriptedAdapter());

    [Fact]
    public void A_response_entry_of_all_ones_that_means_nothing_is_asked_about_once() =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
            using Rig rig = NewRig(adapter, new ManualClock());
            bool isWritten = false;
            adapter.Rests = () =>
            {
                // The next answer overwrites the entry.
                if (isWritten)
                    return !adapter.Calls.Contains("RECOVER_AFU");
                isWritten = true;
                adapter.OnlyContext.WriteAllOnes();
                return true;
            };

            TransferTests.RoundTrip(rig, 20, 0);

            Assert.Equal(1, adapter.Calls.Count(call => call == "RECOVER_AFU"));
            Assert.Equal(0, rig.Statistics.Recoveries);
            Assert.Equal(40, rig.Statistics.Commands);
            rig.AssertSound();
        });

    [Fact]
    public void A_descriptor_that_fails_for_ever_does_not_put_off_the_context_reset() =>
        Threads.RunOne(() =>
        {
            bool isSilent = true;
            ScriptedAdapter adapter = new()
            {
                Script = _ => isSilent ? ScriptedAnswer.Silence : ScriptedAnswer.Good,
            };
            using Rig rig = NewRig(adapter, new ManualClock(TimeSpan.FromMilliseconds(200)));
            adapter.FailsPolls = true;
            adapter.ResetBegun = () => isSilent = false;

            TransferTests.RoundTrip(rig, 20, 0);

            Assert.Equal(1, adapter.ContextResets);
            Assert.Equal(0, rig.Statistics.Recoveries);
            rig.AssertSound();
        });

    private static void RecoversFrom(
        LossPlace place, ScriptedAdapter adapter, ManualClock? clock = null) => Threads.RunOne(() =>
    {
        using Rig rig = NewRig(adapter, clock ?? new ManualClock());
        adapter.LoseQuietly(place);

        TransferTests.RoundTrip(rig, 40, 0);

        Assert.Equal(1, rig.Statistics.Recoveries);
        Assert.Equal(0, rig.Statistics.ContextResets);
        Assert.Equal(0, rig.Statistics.Retries);
        Assert.Equal(80, rig.Statistics.Commands);
        rig.AssertSound();
    });

    private static Rig NewRig(ScriptedAdapter adapter, ManualClock clock) => new(
        adapter, new AttachOptions { CommandBlocks = 64, Clock = clock });
}
