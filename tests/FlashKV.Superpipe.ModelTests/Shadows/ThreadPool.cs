namespace FlashKV.Superpipe;

/// <summary>
/// Stands in for System.Threading.ThreadPool: a scenario has a thread that carries out what is
/// queued.
/// </summary>
internal static class ThreadPool
{
    private static readonly Queue<IThreadPoolWorkItem> s_items = [];

    internal static bool UnsafeQueueUserWorkItem(IThreadPoolWorkItem item, bool preferLocal)
    {
        _ = preferLocal;
        lock (s_items)
            s_items.Enqueue(item);
        return true;
    }

    internal static bool TryRunOne()
    {
        IThreadPoolWorkItem? item;
        lock (s_items)
        {
            if (!s_items.TryDequeue(out item))
                return false;
        }

        item.Execute();
        return true;
    }

    internal static int Clear()
    {
        lock (s_items)
        {
            int count = s_items.Count;
            s_items.Clear();
            return count;
        }
    }
}
