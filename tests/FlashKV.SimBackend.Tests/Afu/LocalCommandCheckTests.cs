using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>The checks on commands of a client in the adapter's process.</summary>
public sealed class LocalCommandCheckTests : CommandCheckTests
{
    private protected override ClientMemory Memory => ClientMemory.Local;
}
