namespace FlashKV.SimBackend.Driver;

/// <summary>The process that enters the driver.</summary>
/// <param name="ProcessId">Its id (tgid).</param>
/// <param name="ParentProcessId">Its parent's id, which VLUN_CLONE looks at.</param>
internal readonly record struct Caller(int ProcessId, int ParentProcessId = 0);
