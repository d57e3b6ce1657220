using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests;

/// <summary>The window of a context, wherever its client's memory and its adapter are.</summary>
internal readonly struct ContextRegisters : IRegisterWindow
{
    private readonly SharedRegisters? _shared;

    internal ContextRegisters(RegisterMapping mapping) => Mapping = mapping;

    internal ContextRegisters(SharedRegisters shared) => _shared = shared;

    internal RegisterMapping? Mapping { get; }

    internal SharedRegisters Shared => _shared!.Value;

    public ulong Read(int offset) =>
        _shared is { } shared ? shared.Read(offset) : Mapping!.Context.Read(offset);

    public void Write(int offset, ulong value)
    {
        if (_shared is { } shared)
        {
            shared.Write(offset, value);
        }
        else
        {
            Mapping!.Context.Write(offset, value);
        }
    }

    public void Wait()
    {
        if (_shared is { } shared)
        {
            shared.Wait();
        }
        else
        {
            Mapping!.Context.Wait();
        }
    }

    public void Drive()
    {
        if (_shared is { } shared)
        {
            shared.Drive();
        }
        else
        {
            _ = Mapping!.Context.TryDrive();
        }
    }
}
