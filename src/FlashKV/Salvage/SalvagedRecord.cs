using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>A record that was found whole. The spans are valid for the time of the call.</summary>
internal readonly ref struct SalvagedRecord(RecordView record, ulong unsettledBatch)
{
    public RecordView Record { get; } = record;

    /// <summary>Its batch, if that must be found committed for the record to count; else 0.</summary>
    public ulong UnsettledBatch { get; } = unsettledBatch;
}
