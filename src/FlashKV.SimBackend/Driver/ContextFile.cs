using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The open file behind a context's descriptor ("fd2"): one seat on the AFU. Its process element is
/// free again when it is closed.
/// </summary>
internal sealed class ContextFile(
    AdapterDriver adapter, ushort processElement, AfuContext afu) : OpenFile
{
    /// <summary>The adapter.</summary>
    internal AdapterDriver Adapter => adapter;

    /// <summary>The process element, which is the context handle.</summary>
    internal ushort ProcessElement => processElement;

    /// <summary>The context on the AFU.</summary>
    internal AfuContext Afu => afu;

    /// <inheritdoc/>
    internal override bool ClosesOnExecute => true;
}
