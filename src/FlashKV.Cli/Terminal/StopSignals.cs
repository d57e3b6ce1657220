using System.Runtime.InteropServices;

namespace FlashKV.Cli.Terminal;

/// <summary>
/// SIGINT and SIGTERM as the wish to stop in good order: the first one cancels a token, the second
/// one ends the process as it always did.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _received;

    public StopSignals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, Interrupt)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, Terminate)),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>128 and the signal's number; null if none has come.</summary>
    public int? ExitCode => _received == 0 ? null : 128 + _received;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context, int number)
    {
        if (Interlocked.CompareExchange(ref _received, number, 0) == 0)
        {
            context.Cancel = true;
            _stop.Cancel();
        }
    }
}
