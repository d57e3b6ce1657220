using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>Shows the progress of a backup, which several threads report.</summary>
internal sealed class BackupBytes : IProgress<BackupProgress>
{
    private readonly Lock _lock = new();
    private IProgressSink? _sink;

    /// <summary>The segments that were done last.</summary>
    public long Segments { get; private set; }

    /// <summary>The bytes that were copied last.</summary>
    public long Bytes { get; private set; }

    /// <summary>The options of a backup that reports here, and so there.</summary>
    public BackupOptions To(IProgressSink sink)
    {
        _sink = sink;
        return new BackupOptions { Progress = this };
    }

    public void Report(BackupProgress value)
    {
        lock (_lock)
        {
            Segments = Math.Max(Segments, value.SegmentsDone);
            Bytes = Math.Max(Bytes, value.BytesCopied);
            _sink?.Report(Segments, Bytes);
        }
    }
}
