using System.Diagnostics;
using System.Globalization;
using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Tests;

/// <summary>
/// A process that waits for its input, and a part of its heap that it does not use.
/// </summary>
internal sealed class ChildMemory : IDisposable
{
    internal const int SizeInBytes = 64 << 10;

    private readonly Process _process;

    internal ChildMemory()
    {
        ProcessStartInfo start = new("cat") { RedirectStandardInput = true };
        _process = Process.Start(start)!;
        Address = FindHeapEnd() - SizeInBytes;
    }

    internal int ProcessId => _process.Id;

    /// <summary>The first of <see cref="SizeInBytes"/> bytes, on a page.</summary>
    internal ulong Address { get; }

    internal void Write(ulong offset, ReadOnlySpan<byte> bytes) =>
        Assert.True(ProcessVm.TryWrite(ProcessId, Address + offset, bytes));

    internal byte[] Read(ulong offset, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(ProcessVm.TryRead(ProcessId, Address + offset, bytes));
        return bytes;
    }

    /// <summary>Ends the process and waits until its memory is gone.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    // The heap appears when the program has begun to run.
    private ulong FindHeapEnd()
    {
        string maps = $"/proc/{ProcessId}/maps";
        string heap = "";
        Assert.True(SpinWait.SpinUntil(
            () => (heap = File.ReadLines(maps).FirstOrDefault(
                line => line.EndsWith("[heap]", StringComparison.Ordinal), "")).Length > 0,
            30_000));
        string end = heap[(heap.IndexOf('-', StringComparison.Ordinal) + 1)..].Split(' ')[0];
        return ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
