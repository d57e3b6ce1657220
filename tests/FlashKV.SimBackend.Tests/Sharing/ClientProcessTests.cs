using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>Clients that are real processes: apart from each other, and killed.</summary>
public sealed class ClientProcessTests
{
    [Fact]
    public void Two_processes_have_contexts_of_their_own_and_give_them_back()
    {
        using ServedHostFixture served = new();
        using ClientProcessHandle first = new("hold", served.SocketPath);
        using ClientProcessHandle second = new("hold", served.SocketPath);
        Assert.Equal("ready", first.ReadLine());
        Assert.Equal("ready", second.ReadLine());
        Assert.Equal(2, served.Driver.ContextCount);
        Assert.Equal(4, served.Driver.ChunksOf(0)!.FreeCount);
        first.End();
        ServedHostFixture.WaitUntil(() => served.Driver.ContextCount == 1, "the first's end");
        Assert.Equal(6, served.Driver.ChunksOf(0)!.FreeCount);
        second.End();
        served.WaitUntilNothingIsHeld();
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, SharedRegisterAccess.Messages)]
    [InlineData(SubmissionMode.SubmissionQueue, SharedRegisterAccess.SharedPage)]
    public void Processes_killed_in_the_middle_leave_nothing_and_harm_nobody(
        SubmissionMode mode, SharedRegisterAccess access)
    {
        const int Victims = 2;
        using ServedHostFixture served = new(mode, access);
        TestClient good = served.Attached();
        uint handle = good.OpenVirtual(1);
        for (int i = 0; i < Victims; i++)
        {
            using ClientProcessHandle victim = new("hammer", served.SocketPath, $"{access}");
            Assert.Equal("ready", victim.ReadLine());
            Assert.Equal(2, served.Driver.ContextCount);
            victim.Kill();
            ServedHostFixture.WaitUntil(
                () => served.Driver.ContextCount == 1, "the killed client's context");
            Assert.Equal(7, served.Driver.ChunksOf(0)!.FreeCount);
            good.ExecuteGood(ScsiOpcode.Write16, handle, 5, 1, served.Data.Address);
        }

        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void A_context_of_another_process_cannot_be_used()
    {
        using ServedHostFixture served = new();
        using ClientProcessHandle other = new("hold", served.SocketPath);
        Assert.Equal("ready", other.ReadLine());
        ulong context = served.Driver.ContextIds.Single();
        TestClient client = served.Attached();
        Assert.Equal(Errno.InvalidArgument, client.Resize(0, 1, out _, context));
        Assert.Equal(Errno.InvalidArgument, client.Release(0, context));
        Assert.Equal(Errno.InvalidArgument, client.Detach(context));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenVirtual(1, out _, context: context));
        Assert.Equal(Errno.InvalidArgument, client.TryRecover(out _, context));
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _, reuse: context));

        // Its parent may clone neither: the clone goes from parent to child.
        Assert.Equal(Errno.InvalidArgument, client.Clone(context));
        other.End();
    }

    [Fact]
    public void A_copy_of_the_descriptor_keeps_a_context_and_its_last_close_frees_it()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        ulong device = raw.OpenDevice("/dev/sg0");
        ulong context = raw.Attach(device, served.Data);
        Assert.Equal(Errno.None, raw.DuplicateLast());
        Assert.Equal(Errno.None, raw.Notify(MessageType.Closing, context));
        raw.CloseLast();
        Assert.Equal(Errno.None, raw.Notify(MessageType.Closed, context));
        Assert.Equal(1, served.Driver.ContextCount);

        Assert.Equal(Errno.None, raw.Notify(MessageType.Closing, context));
        raw.CloseLast();
        Assert.Equal(Errno.None, raw.Notify(MessageType.Closed, context));
        Assert.Equal(0, served.Driver.ContextCount);
        Assert.Equal(Errno.BadDescriptor, raw.Notify(MessageType.Closing, context));
    }

    [Fact]
    public void A_last_close_without_notice_is_the_owners()
    {
        using ServedHostFixture served = new();
        using RawConnection raw = RawConnection.Open(served.SocketPath);
        raw.Attach(raw.OpenDevice("/dev/sg0"), served.Data);
        raw.CloseLast();
        ServedHostFixture.WaitUntil(() => served.Driver.ContextCount == 0, "the last close");
    }

    [Fact]
    public void A_last_close_by_a_child_leaves_the_context_to_its_owner()
    {
        using ServedHostFixture served = new();
        using (RawConnection raw = RawConnection.Open(served.SocketPath))
        {
            ulong device = raw.OpenDevice("/dev/sg0");
            ulong context = raw.Attach(device, served.Data);
            using ClientProcessHandle child = new("hold", served.SocketPath);
            Assert.Equal("ready", child.ReadLine());

            // What the child closes without notice is all that is left: a copy of a child.
            raw.CloseLast();
            child.End();
            ServedHostFixture.WaitUntil(
                () => served.Driver.ContextCount == 1, "the child's own context");
            Assert.Equal(SharedFileKind.Context, raw.Identify(context));
        }

        served.WaitUntilNothingIsHeld();
    }
}
