using FlashKV.SimBackend.Driver;

namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>
/// A LUN of the reference model. It has less than 64 chunks, so that the next one granted is
/// always the lowest free one.
/// </summary>
internal sealed class ModelLun
{
    internal const int ChunkCount = 12;

    private readonly int[] _owners = new int[ChunkCount];

    internal LunMode Mode => Users == 0 ? LunMode.None : OpenMode;

    /// <summary>Whether an ATTACH has read the capacity.</summary>
    internal bool IsKnown { get; set; }

    internal LunMode OpenMode { get; private set; }

    internal int Users { get; private set; }

    internal int Free => _owners.Count(owners => owners == 0);

    internal bool IsShared(int chunk) => _owners[chunk] > 1;

    internal bool MayUse(LunMode mode) => Mode == LunMode.None || Mode == mode;

    internal void Use(LunMode mode)
    {
        OpenMode = mode;
        Users++;
    }

    internal void Resize(ModelHandle handle, int chunks)
    {
        while (handle.Chunks.Count < chunks && Free > 0)
        {
            int chunk = Array.IndexOf(_owners, 0);
            _owners[chunk] = 1;
            handle.Chunks.Add(chunk);
        }

        while (handle.Chunks.Count > chunks)
        {
            _owners[handle.Chunks[^1]]--;
            handle.Chunks.RemoveAt(handle.Chunks.Count - 1);
        }
    }

    internal void Share(ModelHandle from, ModelHandle to)
    {
        to.Chunks.AddRange(from.Chunks);
        from.Chunks.ForEach(chunk => _owners[chunk]++);
    }

    internal void EndUse(ModelHandle handle)
    {
        Resize(handle, 0);
        Users--;
    }
}
