using System.Globalization;
using System.Text;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>What the files of the adapter's host in sysfs say and take (SP §2.1).</content>
internal sealed partial class AdapterDriver
{
    private const int MaxPollWeight = 256;
    private const int MaxHardwareQueues = 8;
    private const int MaxInternalLunMode = 4;
    private const string PortPrefix = "port";
    private const string LunTableSuffix = "_lun_table";

    private static readonly string[] s_queueModes = ["rr", "tag", "cpu"];

    private int _pollWeight;
    private int _hardwareQueues = 1;
    private string _queueMode = s_queueModes[0];

    /// <summary>Reads an attribute, as reading its file does.</summary>
    /// <param name="name">Its name, such as <c>port0_lun_table</c>.</param>
    /// <param name="text">What the file holds.</param>
    /// <returns>ENOENT for an unknown name, EINVAL for a port that the adapter lacks.</returns>
    internal Errno ReadAttribute(string name, out string text)
    {
        lock (_lock)
        {
            text = string.Empty;
            if (TryParsePort(name, out int port, out bool isLunTable))
            {
                if (port >= _afu.PortCount)
                {
                    return Errno.InvalidArgument;
                }

                text = isLunTable ? LunTableText(port) : PortText(port);
                return Errno.None;
            }

            string? value = name switch
            {
                "lun_mode" => Text(InternalLunMode),
                "ioctl_version" =>
                    $"disk: {DkCxlflashHdr.Version0}\nhost: {HtCxlflashHdr.Version0}",
                "irqpoll_weight" => Text(_pollWeight),
                "num_hwqs" => Text(_hardwareQueues),
                "hwq_mode" => _queueMode,
                _ => null,
            };
            text = value is null ? text : value + "\n";
            return value is null ? Errno.NoEntry : Errno.None;
        }
    }

    /// <summary>
    /// Writes an attribute, as writing to its file does. Another mode of the internal LUN and
    /// another number of queues reset the adapter.
    /// </summary>
    /// <returns>
    /// ENOENT for an unknown name, EACCES for one that cannot be written, EINVAL for a bad value.
    /// </returns>
    internal Errno WriteAttribute(string name, string text)
    {
        lock (_lock)
        {
            string value = text.TrimEnd('\n');
            bool isNumber = int.TryParse(
                value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            switch (name)
            {
                case "irqpoll_weight" when isNumber && number <= MaxPollWeight:
                    _pollWeight = number;
                    return Errno.None;
                case "hwq_mode" when s_queueModes.Contains(value):
                    _queueMode = value;
                    return Errno.None;
                case "num_hwqs" when isNumber && number is >= 1 and <= MaxHardwareQueues:
                    _hardwareQueues = number;
                    Reset();
                    return Errno.None;
                case "lun_mode" when isNumber && number <= MaxInternalLunMode:
                    if (number != InternalLunMode)
                    {
                        InternalLunMode = number;
                        Reset();
                    }

                    return Errno.None;
                default:
                    return ErrnoOfRefused(name);
            }
        }
    }

    private static Errno ErrnoOfRefused(string name) => name switch
    {
        "irqpoll_weight" or "hwq_mode" or "num_hwqs" or "lun_mode" => Errno.InvalidArgument,
        "ioctl_version" => Errno.AccessDenied,
        _ => TryParsePort(name, out _, out _) ? Errno.AccessDenied : Errno.NoEntry,
    };

    private static bool TryParsePort(string name, out int port, out bool isLunTable)
    {
        isLunTable = name.EndsWith(LunTableSuffix, StringComparison.Ordinal);
        string stem = isLunTable ? name[..^LunTableSuffix.Length] : name;
        port = -1;
        bool isPort = stem.Length == PortPrefix.Length + 1
            && stem.StartsWith(PortPrefix, StringComparison.Ordinal);
        port = isPort ? stem[^1] - '0' : -1;
        return isPort && port is >= 0 and < CxlflashLimits.MaxFcPorts;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    // A port of which nothing can be read, as while the adapter is reset, is unknown.
    private string PortText(int port)
    {
        if (State != AdapterState.Normal)
        {
            return "unknown\n";
        }

        // A port that commands may not use (afu_port_sel) is online all the same.
        return _afu.Port(port).IsOnline ? "online\n" : "offline\n";
    }

    // A file of sysfs is one page; what does not fit is not there.
    private string LunTableText(int port)
    {
        int pageBytes = _handlesPerContext * SislRht.EntrySizeInBytes;
        StringBuilder text = new();
        for (int slot = 0; slot < CxlflashLimits.LunTableSlots; slot++)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"{slot:D3}: {_afu.LunTable(port)[slot]:x16}\n");
        }

        text.Length = Math.Min(text.Length, pageBytes - 1);
        return text.ToString();
    }
}
