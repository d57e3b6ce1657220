using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>What a script makes of a command: carried out, refused, or never answered.</summary>
internal readonly record struct ScriptedAnswer(
    bool IsSilent,
    SislIoasaFlags Flags = SislIoasaFlags.None,
    SislAfuRc Afu = SislAfuRc.None,
    SislScsiRc Scsi = SislScsiRc.Good,
    SislFcRc Fc = SislFcRc.None,
    byte AfuExtra = 0,
    uint Resid = 0,
    ScsiSense Sense = default)
{
    internal static ScriptedAnswer Good => default;

    internal static ScriptedAnswer Silence => new(IsSilent: true);

    internal bool IsGood => !IsSilent && Flags == 0 && Afu == 0 && Scsi == 0 && Fc == 0;

    internal static ScriptedAnswer AfuError(SislAfuRc code, byte extra = 0) =>
        new(false, Afu: code, AfuExtra: extra);

    internal static ScriptedAnswer FcError(
        SislFcRc code, SislIoasaFlags flags = SislIoasaFlags.None) =>
        new(false, Fc: code, Flags: flags);

    internal static ScriptedAnswer ScsiError(SislScsiRc code) => new(false, Scsi: code);

    internal static ScriptedAnswer Check(ScsiSense sense) =>
        new(false, SislIoasaFlags.SenseValid, Scsi: SislScsiRc.Check, Sense: sense);
}
