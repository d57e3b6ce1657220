using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver.Rows;

/// <summary>
/// The machines for the rows of SP §6.1. Each row has a test under the number and name of the
/// original's test, with 1, 2 and 4 ports and both ways of submission. <c>docs/superpipe.md</c>
/// lists what is not here, and why.
/// </summary>
internal static class RowMachine
{
    internal const ulong Chunk = 65_536;

    public static TheoryData<int, SubmissionMode> All => new()
    {
        { 1, SubmissionMode.CommandRooms },
        { 2, SubmissionMode.CommandRooms },
        { 4, SubmissionMode.CommandRooms },
        { 1, SubmissionMode.SubmissionQueue },
        { 2, SubmissionMode.SubmissionQueue },
        { 4, SubmissionMode.SubmissionQueue },
    };

    internal static SimulatedAdapterFixture Make(
        int ports, SubmissionMode mode, int luns = 2, int chunks = 8, int handles = 256) =>
        new(mode, chunks, luns, ports: ports, handles: handles);

    /// <summary>An EEH event from its beginning to its end.</summary>
    internal static void Freeze(SimulatedAdapterFixture fixture)
    {
        Assert.Equal(EehResult.NeedReset, fixture.Adapter.Driver.EehFrozen());
        Assert.Equal(EehResult.Recovered, fixture.Adapter.Driver.EehSlotReset());
        fixture.Adapter.Driver.EehResume();
    }

    /// <summary>Adds a LUN to a context.</summary>
    internal static TestClient Reusing(
        SimulatedAdapterFixture fixture, TestClient first, string path, out ulong descriptor)
    {
        TestClient next = fixture.Client(path: path);
        Assert.Equal(
            Errno.None, next.TryAttach(out DkCxlflashAttach attach, reuse: first.ContextId));
        descriptor = attach.AdapFd;
        next.ContextId = first.ContextId;
        return next;
    }
}
