namespace FlashKV.Cli.Terminal;

/// <summary>The end of another process, which need not be a child of this one.</summary>
internal static class ProcessEnd
{
    /// <summary>Watches a process for as long as this one lives.</summary>
    /// <returns>An event that its end sets; null when there is no such process.</returns>
    public static WaitHandle? TryWatch(int processId)
    {
        int descriptor = ProcessCalls.OpenProcess(processId);
        if (descriptor < 0)
        {
            return null;
        }

        ManualResetEvent ended = new(false);
        new Thread(() => Wait(descriptor, ended)) { IsBackground = true }.Start();
        return ended;
    }

    private static void Wait(int descriptor, ManualResetEvent ended)
    {
        while (ProcessCalls.WaitToRead(descriptor) < 0)
        {
            // A signal came between.
        }

        ended.Set();
    }
}
