using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>Interrupts of the ports, and the work that they ask for (SP §3.12, §4.5).</content>
internal sealed partial class AdapterDriver
{
    private readonly object _workLock = new();
    private int _portsToReset;
    private bool _isRescanNeeded;
    private bool _isWorking;

    /// <summary>How often a link has been reset.</summary>
    internal int LinkResetCount { get; private set; }

    /// <summary>Waits until the work that interrupts have asked for is done.</summary>
    internal void WaitForWork()
    {
        lock (_workLock)
        {
            while (_isWorking)
            {
                Monitor.Wait(_workLock);
            }
        }
    }

    // Runs on the thread that raised the interrupt, which may be in the middle of a command: so
    // it only looks and clears, and leaves the rest to a thread of the pool.
    private void HandleAsyncInterrupt()
    {
        ulong status = _afu.Registers.Read(SislGlobalRegisters.AintrStatus)
            & SislAsyncStatus.Unmask;
        _afu.Registers.Write(SislGlobalRegisters.AintrClear, status);
        int resets = 0;
        bool isRescanNeeded = false;
        for (int port = 0; port < _afu.PortCount; port++)
        {
            SislAsyncInterrupts raised = SislAsyncStatus.Unpack(port, status);
            if ((raised & (SislAsyncInterrupts.Other | SislAsyncInterrupts.LogiF)) != 0)
            {
                ClearErrors(_afu.Port(port));
            }

            const SislAsyncInterrupts Resetting = SislAsyncInterrupts.Other
                | SislAsyncInterrupts.CrcT | SislAsyncInterrupts.LogiR;
            resets |= (raised & Resetting) != 0 ? 1 << port : 0;
            isRescanNeeded |= (raised & SislAsyncInterrupts.LogiS) != 0;
        }

        if (resets != 0 || isRescanNeeded)
        {
            ScheduleWork(resets, isRescanNeeded);
        }
    }

    // All errors are unmasked, so that the captured ones are the same.
    private static void ClearErrors(FcPort port)
    {
        port.Write(SislFcPortRegisters.Error, port.Read(SislFcPortRegisters.Error));
        port.Write(SislFcPortRegisters.ErrCap, 0);
    }

    private void ScheduleWork(int portsToReset, bool isRescanNeeded)
    {
        lock (_workLock)
        {
            _portsToReset |= portsToReset;
            _isRescanNeeded |= isRescanNeeded;
            if (!_isWorking)
            {
                _isWorking = true;
                ThreadPool.UnsafeQueueUserWorkItem(static driver => driver.Work(), this, false);
            }
        }
    }

    private void Work()
    {
        while (TryTakeWork(out int ports, out bool isRescanNeeded))
        {
            for (; ports != 0; ports &= ports - 1)
            {
                ResetLink(int.TrailingZeroCount(ports));
            }

            lock (_lock)
            {
                if (isRescanNeeded && State == AdapterState.Normal)
                {
                    Rescan();
                }
            }
        }
    }

    private bool TryTakeWork(out int ports, out bool isRescanNeeded)
    {
        lock (_workLock)
        {
            (ports, isRescanNeeded) = (_portsToReset, _isRescanNeeded);
            (_portsToReset, _isRescanNeeded) = (0, false);
            _isWorking = ports != 0 || isRescanNeeded;
            Monitor.PulseAll(_workLock);
            return _isWorking;
        }
    }

    // Commands go over the other ports meanwhile, if there are any; those in flight have ended
    // when the port goes offline, unless the medium hangs for longer than a global sync waits.
    private void ResetLink(int port)
    {
        if (State != AdapterState.Normal)
        {
            return;
        }

        SelectPort(port, isSelected: false);
        SyncGlobally();
        FcPort link = _afu.Port(port);
        ulong config = link.Read(SislFcPortRegisters.MtipCmdConfig)
            & ~(SislFcPortRegisters.CmdConfigOnline | SislFcPortRegisters.CmdConfigOffline);
        SetPort(link, config | SislFcPortRegisters.CmdConfigOffline);
        SetPort(link, config | SislFcPortRegisters.CmdConfigOnline);
        SelectPort(port, isSelected: true);
        SyncGlobally();
        LinkResetCount++;
    }

    private void SelectPort(int port, bool isSelected)
    {
        int selected = _afu.Registers.SelectedPorts;
        _afu.SelectPorts(isSelected ? selected | (1 << port) : selected & ~(1 << port));
    }

    // The model's ports change their state at once: there is nothing to poll for.
    private void SetPort(FcPort link, ulong config)
    {
        link.Write(SislFcPortRegisters.MtipCmdConfig, config);
        _afu.UpdatePorts();
    }

    // Waits for all commands in flight, and so not with the lock. The outcome is ignored.
    private void SyncGlobally()
    {
        SislIoarcb ioarcb = NewAfuCommand();
        SislAfuCommand.WriteSync(ioarcb.Cdb, SislAfuCommand.GlobalSync, 0, 0);
        bool isSent = false;
        lock (_lock)
        {
            _ = SendAfuCommand(() => isSent = true);
            ApplyPendingReset();
        }

        if (isSent)
        {
            _ = _afu.Commands.Execute(in ioarcb, AfuModel.MasterHandle);
        }
    }
}
