using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// The checks on commands of a client whose memory is reached by the system's calls. Here it is
/// this process's own, which the calls treat as any other's.
/// </summary>
public sealed class CopiedCommandCheckTests : CommandCheckTests
{
    private protected override ClientMemory Memory => new(Environment.ProcessId);
}
