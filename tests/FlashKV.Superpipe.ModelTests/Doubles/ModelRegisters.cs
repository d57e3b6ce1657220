namespace FlashKV.Superpipe.Doubles;

/// <summary>A window on a model device; stale once its context has been recovered.</summary>
internal readonly struct ModelRegisters(ModelDevice? device, int mapping) : IRegisterWindow
{
    internal int Mapping => mapping;

    public ulong Read(int offset) => device!.Read(mapping, offset);

    public void Write(int offset, ulong value) => device!.Write(mapping, offset, value);

    public void Wait() => device!.Wait(mapping);

    public void Drive() => Wait();
}
