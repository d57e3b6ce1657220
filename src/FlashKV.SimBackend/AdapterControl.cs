using System.Text;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// What an operator does to adapters that another process serves: resets, links, capacities.
/// One thread at a time.
/// </summary>
public sealed class AdapterControl : IDisposable
{
    private readonly ClientConnection _connection;
    private readonly string _socketPath;

    private AdapterControl(string socketPath, ClientConnection connection)
    {
        _socketPath = socketPath;
        _connection = connection;
    }

    /// <summary>Connects to a server.</summary>
    /// <param name="socketPath">The path of its socket.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="AdapterSocketException">
    /// Nobody serves there, or this process is refused.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static AdapterControl Connect(string socketPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        return new AdapterControl(socketPath, ServerAddress.Connect(socketPath));
    }

    /// <summary>Resets an adapter; see <see cref="SimulatedAdapter.Reset"/>.</summary>
    /// <param name="adapter">Its number, counted from 0.</param>
    /// <exception cref="ArgumentException">There is no such adapter.</exception>
    /// <exception cref="InvalidOperationException">
    /// The adapter has been taken out (<see cref="Fail"/>).
    /// </exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public void Reset(int adapter) => Call(ControlVerb.Reset, adapter);

    /// <summary>Ends an adapter for good; see <see cref="SimulatedAdapter.Fail"/>.</summary>
    /// <param name="adapter">Its number, counted from 0.</param>
    /// <exception cref="ArgumentException">There is no such adapter.</exception>
    /// <exception cref="InvalidOperationException">It has been taken out already.</exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public void Fail(int adapter) => Call(ControlVerb.Fail, adapter);

    /// <summary>
    /// Takes the link of a port up or down; see <see cref="SimulatedAdapter.SetLink"/>.
    /// </summary>
    /// <param name="adapter">The adapter's number, counted from 0.</param>
    /// <param name="port">The port, counted from 0.</param>
    /// <param name="isUp">Whether the link is to be up.</param>
    /// <exception cref="ArgumentException">There is no such adapter or port.</exception>
    /// <exception cref="InvalidOperationException">
    /// The adapter has been taken out (<see cref="Fail"/>).
    /// </exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public void SetLink(int adapter, int port, bool isUp) =>
        Call(ControlVerb.Port, adapter, port, isUp ? 1u : 0);

    /// <summary>
    /// Makes the next command on a LUN end with a unit attention; see
    /// <see cref="SimulatedAdapter.InjectUnitAttention"/>.
    /// </summary>
    /// <param name="adapter">The adapter's number, counted from 0.</param>
    /// <param name="lun">The LUN, counted from 0.</param>
    /// <param name="asc">The additional sense code.</param>
    /// <param name="ascq">Its qualifier.</param>
    /// <exception cref="ArgumentException">There is no such adapter or LUN.</exception>
    /// <exception cref="InvalidOperationException">
    /// The adapter has been taken out (<see cref="Fail"/>).
    /// </exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public void InjectUnitAttention(int adapter, int lun, byte asc, byte ascq = 0) =>
        Call(ControlVerb.Attention, adapter, lun, (uint)((asc << 8) | ascq));

    /// <summary>
    /// Changes the capacity of a LUN; see <see cref="SimulatedAdapter.SetCapacity"/>.
    /// </summary>
    /// <param name="adapter">The adapter's number, counted from 0.</param>
    /// <param name="lun">The LUN, counted from 0.</param>
    /// <param name="blocks">The capacity in blocks of 4,096 bytes.</param>
    /// <exception cref="ArgumentException">
    /// There is no such adapter or LUN, or the capacity is out of range.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The adapter has been taken out (<see cref="Fail"/>).
    /// </exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public void SetCapacity(int adapter, int lun, long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        Call(ControlVerb.Capacity, adapter, lun, 0, (ulong)blocks);
    }

    /// <summary>Counts what the server and its adapters have done and hold.</summary>
    /// <param name="adapter">An adapter's number; -1 for all.</param>
    /// <returns>A JSON object.</returns>
    /// <exception cref="ArgumentException">There is no such adapter.</exception>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public string GetStatistics(int adapter = -1) => Call(ControlVerb.Statistics, adapter);

    /// <summary>Lists the device nodes, one a line, as <c>name=value</c> pairs.</summary>
    /// <returns>The lines.</returns>
    /// <exception cref="AdapterSocketException">The server has ended.</exception>
    public string ListDevices() => TakeText(_connection.Begin(MessageType.List), "List");

    /// <summary>Disconnects.</summary>
    public void Dispose() => _connection.Dispose();

    private string Call(
        ControlVerb verb, int adapter, int first = 0, uint second = 0, ulong value = 0)
    {
        MessageWriter request = _connection.Begin(MessageType.Control);
        request.Add32((uint)verb);
        request.Add32((uint)adapter);
        request.Add32((uint)first);
        request.Add32(second);
        request.Add64(value);
        return TakeText(
            request, $"{verb}", errno => Refusal(verb, errno, adapter, first, value));
    }

    private string TakeText(
        MessageWriter request, string operation, Func<Errno, Exception?>? refusal = null)
    {
        Errno errno = _connection.Call(request, out MessageReader reply);
        if (errno != Errno.None)
        {
            // Without a server every call answers ENODEV, as if the adapter were gone.
            throw (_connection.IsUsable ? refusal?.Invoke(errno) : null)
                ?? new AdapterSocketException(
                    _socketPath, errno, $"{operation}: the server at '{_socketPath}' has ended.");
        }

        uint length = reply.Take32();
        reply.SkipZero32();
        return Encoding.UTF8.GetString(reply.TakeBytes(length));
    }

    private static Exception? Refusal(
        ControlVerb verb, Errno errno, int adapter, int first, ulong value) => errno switch
        {
            Errno.NoDeviceOrAddress => new ArgumentException($"There is no adapter {adapter}."),
            Errno.NoDevice => new InvalidOperationException(
                $"Adapter {adapter} has been taken out for good."),
            SharingErrno.OutOfRange => new ArgumentException(
                $"The capacity of LUN {first} is out of range: its medium has fewer than {value} "
                + $"blocks of {Medium.BlockBytes} bytes."),
            Errno.InvalidArgument => new ArgumentException(verb == ControlVerb.Port
                ? $"Adapter {adapter} has no port {first}."
                : $"Adapter {adapter} has no LUN {first}."),
            _ => null,
        };
}
