using FlashKV.SimBackend;
using FlashKV.Simulation.Disks;

namespace FlashKV.Simulation.Episodes;

/// <content>What goes wrong beside what clients do.</content>
internal sealed partial class Episode
{
    private void Disturb(EpisodeStep step, Random random)
    {
        switch (step.Kind)
        {
            case StepKind.Reset:
                _session.Machine.Adapter.Reset();
                break;
            case StepKind.CommandFaults:
                InjectCommandFaults(random);
                break;
            case StepKind.DiskFaults:
                InjectDiskFaults(random);
                break;
            case StepKind.ReadFaults:
                InjectReadFaults(random);
                break;
            case StepKind.Link:
                // One of two ports at most is down.
                int port = random.Next(2);
                _session.Machine.Adapter.SetLink(1 - port, isUp: true);
                _session.Machine.Adapter.SetLink(port, isUp: random.Next(2) == 0);
                break;
            case StepKind.Nested:
                // The next changes of the disk have writes of other clients between them.
                _nested = step;
                break;
            case StepKind.Close:
                EndReads();
                ClearFaults();
                _nested = null;
                _session.Close();
                Open();
                _session.CheckAll();
                break;
            default:
                // Strikes in the step that follows.
                _crash = step.Kind;
                break;
        }
    }

    // Only those that the client gets over by itself.
    private void InjectCommandFaults(Random random)
    {
        CommandFault[] faults =
        [
            CommandFault.Busy, CommandFault.QueueFull, CommandFault.OutOfDataBuffers,
            CommandFault.ExchangeTimeout, CommandFault.LinkDown, CommandFault.LostResponse,
            CommandFault.LostCommand,
        ];

        // Two at a time: a command is tried three times.
        _session.Machine.Adapter.ClearFaults();
        for (int i = random.Next(1, 3); i > 0; i--)
        {
            _session.Machine.Adapter.InjectFault(
                faults[random.Next(faults.Length)], random.Next(60));
        }
    }

    private void InjectDiskFaults(Random random)
    {
        int passing = random.Next(12);
        DiskFault fault = random.Next(2) == 0 ? DiskFault.Error : DiskFault.Torn;
        _session.Machine.Medium.Fault = isWrite =>
            isWrite && passing-- == 0 ? fault : DiskFault.None;
    }

    // What is wrong is wrong once: the next opening reads what is there.
    private void InjectReadFaults(Random random)
    {
        DiskFault[] faults = [DiskFault.Error, DiskFault.FlippedBit, DiskFault.Misdirected];
        int passing = random.Next(4);
        DiskFault fault = faults[random.Next(faults.Length)];
        _session.Machine.Medium.Fault = isWrite =>
            !isWrite && passing-- == 0 ? fault : DiskFault.None;
    }

    private void ClearFaults()
    {
        _session.Machine.Medium.Fault = null;
        if (_session.Machine.IsOpen)
        {
            _session.Machine.Adapter.ClearFaults();
        }
    }
}
