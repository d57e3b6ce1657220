using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// The register window of one context of an adapter in another process. A thread that calls
/// <see cref="Wait"/> without anything happening sleeps until commands were answered.
/// </summary>
/// <remarks>
/// Made by the map call of <see cref="SharedAdapterTransport"/>. Registers read all ones, and writes
/// have no effect, after a reset of the adapter and when the server has ended.
/// </remarks>
public readonly struct SharedRegisters : IRegisterWindow
{
    internal SharedRegisters(SharedWindow window) => Window = window;

    internal SharedWindow Window { get; }

    /// <inheritdoc/>
    public ulong Read(int offset) => Window.Read(offset);

    /// <inheritdoc/>
    public void Write(int offset, ulong value) => Window.Write(offset, value);

    /// <inheritdoc/>
    public void Wait() => Window.Wait();

    /// <summary>Nothing; the server drives the adapter by itself.</summary>
    public void Drive()
    {
    }
}
