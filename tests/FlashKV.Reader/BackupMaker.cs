namespace FlashKV.Reader;

/// <summary>
/// A process that makes a backup of a clone of a store, or a store of a backup, for tests to kill:
/// it says "segment" for each one, and "done".
/// </summary>
internal static class BackupMaker
{
    internal static int Run(bool isBackup, string from, string to)
    {
        BackupOptions options = new() { MaxParallelism = 1, Progress = new EachSegment() };
        if (isBackup)
        {
            using ClonedStore clone = FlashStore.OpenClone(from);
            StoreBackup.Create(clone, to, options);
        }
        else
        {
            StoreBackup.Restore(from, to, options: options);
        }

        Console.WriteLine("done");
        return 0;
    }

    private sealed class EachSegment : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => Console.WriteLine("segment");
    }
}
