namespace FlashKV.Analytics.Columns;

/// <summary>The types of fixed length.</summary>
internal enum ScalarKind
{
    Int64,
    Double,
    Boolean,
    Timestamp,
}
