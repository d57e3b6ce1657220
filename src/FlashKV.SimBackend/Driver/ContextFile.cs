using System.Diagnostics;
using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The open file behind a context's descriptor ("fd2"): one seat on the AFU. Descriptors and
/// mappings hold it; its process element is free again after the last of them.
/// </summary>
internal sealed class ContextFile(ushort processElement, AfuContext afu)
{
    private int _references;

    /// <summary>The process element, which is the context handle.</summary>
    internal ushort ProcessElement => processElement;

    /// <summary>The context on the AFU.</summary>
    internal AfuContext Afu => afu;

    /// <summary>Adds a descriptor or a mapping.</summary>
    internal void AddReference() => _references++;

    /// <summary>Takes one away.</summary>
    /// <returns>Whether it was the last.</returns>
    internal bool RemoveReference()
    {
        Debug.Assert(_references > 0, "a reference that was added");
        return --_references == 0;
    }
}
