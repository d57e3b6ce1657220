namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>The one place where a quiet loss of the scripted adapter shows.</summary>
internal enum LossPlace
{
    None,
    CmdRoom,
    IntrStatus,
    ResetRegister,
    ResponseQueue,
    Poll,
    Read,
}
