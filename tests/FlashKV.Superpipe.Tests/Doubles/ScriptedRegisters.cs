namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>A window on a scripted context; stale once the context has been recovered.</summary>
internal readonly struct ScriptedRegisters(ScriptedContext? context, int mapping) : IRegisterWindow
{
    internal ScriptedContext? Context => context;

    internal int Mapping => mapping;

    public ulong Read(int offset) => context!.Read(mapping, offset);

    public void Write(int offset, ulong value) => context!.Write(mapping, offset, value);

    public void Wait() => context!.Drive(mapping);

    public void Drive() => Wait();
}
