namespace FlashKV.Workloads.Workers;

/// <summary>A kind of operation.</summary>
internal enum Operation : byte
{
    Read,
    Update,
    Insert,
    Modify,
    Scan,
    Delete,
    Miss,
}
