using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests;

/// <summary>The window of a context, wherever its client's memory is.</summary>
internal readonly struct ContextRegisters(RegisterMapping mapping) : IRegisterWindow
{
    internal RegisterMapping Mapping => mapping;

    public ulong Read(int offset) => mapping.Context.Read(offset);

    public void Write(int offset, ulong value) => mapping.Context.Write(offset, value);

    public void Wait() => mapping.Context.Wait();
}
