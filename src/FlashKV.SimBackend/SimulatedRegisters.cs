using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// The register window of one context of a <see cref="SimulatedAdapter"/>. A thread that calls
/// <see cref="Wait"/> drives the adapter's work for the context.
/// </summary>
/// <remarks>
/// Made by the transport's map call. After it has been unmapped, and after a reset of the adapter,
/// registers read all ones and writes have no effect.
/// </remarks>
public readonly struct SimulatedRegisters : IRegisterWindow
{
    private readonly AfuContext _context;

    internal SimulatedRegisters(RegisterMapping mapping)
    {
        _context = mapping.Context;
        Mapping = mapping;
    }

    /// <summary>The driver's record of the mapping.</summary>
    internal RegisterMapping? Mapping { get; }

    /// <inheritdoc/>
    public ulong Read(int offset) => _context.Read(offset);

    /// <inheritdoc/>
    public void Write(int offset, ulong value) => _context.Write(offset, value);

    /// <inheritdoc/>
    public void Wait()
    {
        // The usual type by name, so that the call is a direct one. Those above are, as registers
        // are the same for every kind of memory.
        if (_context is AfuContext<LocalMemory> local)
        {
            local.Wait();
        }
        else
        {
            _context.Wait();
        }
    }

    /// <inheritdoc/>
    public void Drive() =>
        _ = _context is AfuContext<LocalMemory> local ? local.TryDrive() : _context.TryDrive();
}
