using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>A simulated adapter over memory, with a context.</summary>
internal sealed class SimulatedRig : IDisposable
{
    internal const int ChunkBlocks = 65536;

    private readonly Medium _medium;

    internal SimulatedRig(
        SubmissionMode mode,
        int rooms = 512,
        int commandBlocks = 256,
        ManualClock? clock = null,
        int inlineRounds = 32,
        int ports = 2,
        bool reportsResets = true)
    {
        _medium = new MemoryMedium(4 * ChunkBlocks);
        Adapter = new SimulatedAdapter(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(_medium)],
            SubmissionMode = mode,
            CommandRooms = rooms,
            PortCount = ports,
            ReportsResets = reportsResets,
        });
        Device = SuperpipeDevice.Open(Adapter.Transport, Adapter.DevicePaths[0]);
        Context = Device.Attach(new AttachOptions
        {
            CommandBlocks = commandBlocks,
            InlineRounds = inlineRounds,
            Clock = clock ?? new ManualClock(),
        });
    }

    internal SimulatedAdapter Adapter { get; }

    internal SuperpipeDevice Device { get; }

    internal SuperpipeContext Context { get; }

    internal ContextStatistics Statistics => Context.GetStatistics();

    internal SuperpipeDevice Open(string path) =>
        SuperpipeDevice.Open(Adapter.Transport, path);

    public void Dispose()
    {
        Context.Dispose();
        Device.Dispose();
        Adapter.Dispose();
        _medium.Dispose();
    }

    /// <summary>Writes blocks with stamps of their own, reads them back and compares.</summary>
    internal static void RoundTrip(Lun lun, int blocks, long firstLba, ulong salt)
    {
        using BlockBuffer buffer = new(blocks);
        for (int i = 0; i < blocks; i++)
            buffer.Stamp(i, Stamp(firstLba + i, salt));
        lun.Transfer(Rig.Write(firstLba, buffer, 0, blocks));
        buffer.Bytes.Fill(0xEE);
        AssertHolds(lun, buffer, firstLba, salt);
    }

    internal static void AssertHolds(Lun lun, BlockBuffer buffer, long firstLba, ulong salt)
    {
        lun.Transfer(Rig.Read(firstLba, buffer, 0, buffer.Blocks));
        for (int i = 0; i < buffer.Blocks; i++)
            Assert.True(buffer.IsStamped(i, Stamp(firstLba + i, salt)), $"block {firstLba + i}");
    }

    private static ulong Stamp(long lba, ulong salt) => ((ulong)lba << 20) ^ (salt << 50) ^ 0xF1;
}
