namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>A context of the reference model.</summary>
internal sealed class ModelContext(int adapter, int owner)
{
    internal int Adapter => adapter;

    internal int Owner => owner;

    internal ulong Id { get; set; }

    internal bool IsInError { get; set; }

    internal bool IsGone { get; private set; }

    internal HashSet<ModelLun> Luns { get; } = [];

    internal SortedDictionary<int, ModelHandle> Handles { get; } = [];

    internal ModelHandle Open(ModelLun lun, bool isVirtual, out int index)
    {
        index = 0;
        while (Handles.ContainsKey(index))
        {
            index++;
        }

        ModelHandle handle = new(lun, isVirtual);
        Handles.Add(index, handle);
        return handle;
    }

    internal void Release(int index)
    {
        Handles[index].Lun.EndUse(Handles[index]);
        Handles.Remove(index);
    }

    internal void Detach(ModelLun lun)
    {
        foreach (int index in Handles.Keys.ToArray())
        {
            if (Handles[index].Lun == lun)
            {
                Release(index);
            }
        }

        Luns.Remove(lun);
        IsGone = Luns.Count == 0;
    }

    internal void End()
    {
        foreach (ModelLun lun in Luns.ToArray())
        {
            Detach(lun);
        }
    }
}
