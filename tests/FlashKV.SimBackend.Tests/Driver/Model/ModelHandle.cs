namespace FlashKV.SimBackend.Tests.Driver.Model;

/// <summary>A resource handle of the reference model.</summary>
internal sealed record class ModelHandle(ModelLun Lun, bool IsVirtual)
{
    internal List<int> Chunks { get; } = [];

    internal ulong LastLba => IsVirtual
        ? unchecked(((ulong)Chunks.Count * 65_536) - 1)
        : ((ulong)ModelLun.ChunkCount * 65_536) - 1;
}
