namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>A command as the scripted adapter's AFU has read it from memory.</summary>
internal readonly record struct ScriptedCommand(
    int Ordinal,
    byte Opcode,
    byte CdbFlags,
    ulong Lba,
    uint Count,
    uint Handle,
    uint DataLength,
    nint Data,
    ushort Context);
