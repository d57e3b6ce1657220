using System.Globalization;
using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <summary>
/// The control seam to an adapter whose driver another process has (see
/// <see cref="AdapterServer.StartForClones"/>), with an AFU in this process over the same medium:
/// what is read through it costs the other process nothing. For clones of its virtual LUNs, and for
/// reading only: the driver hands out no right to write, the AFU here refuses a command that
/// writes, and the system a write to the descriptor of the medium.
/// </summary>
/// <remarks>
/// <para>
/// When the other process has ended, calls end with <see cref="Errno.NoDevice"/>; registers work,
/// and commands are executed, until the window is unmapped. A reset of the other's adapter is not
/// felt here.
/// </para>
/// <para>All members may be called by any number of threads at once.</para>
/// </remarks>
public sealed class CloneTransport : IControlTransport<SimulatedRegisters>, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<CloneContext> _contexts = [];
    private readonly SharedAdapterTransport _driver;
    private FileMedium? _medium;
    private AfuModel? _afu;

    private CloneTransport(SharedAdapterTransport driver) => _driver = driver;

    /// <summary>Connects to a server.</summary>
    /// <param name="socketPath">The path, or the name, of its socket.</param>
    /// <returns>The transport.</returns>
    /// <exception cref="AdapterSocketException">
    /// Nobody serves there, or this process is refused.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static CloneTransport Connect(string socketPath) =>
        new(SharedAdapterTransport.Connect(socketPath));

    /// <inheritdoc/>
    /// <remarks>
    /// The driver wants nodes opened for reading and writing, whatever is attached for. All that
    /// are opened through one transport have one medium.
    /// </remarks>
    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        Errno errno = _driver.Open(path, access, out descriptor);
        if (errno == Errno.None)
        {
            errno = OpenMedium(descriptor);
            if (errno != Errno.None)
            {
                _ = _driver.Close(descriptor);
                descriptor = -1;
            }
        }

        return errno;
    }

    /// <inheritdoc/>
    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        Errno errno = _driver.Ioctl(descriptor, request, argument);
        return errno == Errno.None && request is IoctlRequest.VlunClone or IoctlRequest.Release
            ? FollowAll()
            : errno;
    }

    /// <inheritdoc/>
    public Errno Map(int descriptor, long length, out SimulatedRegisters window)
    {
        window = default;
        if (!_driver.IsContext(descriptor))
        {
            return Errno.BadDescriptor;
        }

        if (length is < 1 or > CxlflashLimits.MmioSize)
        {
            return Errno.InvalidArgument;
        }

        lock (_lock)
        {
            List<ClonedHandle> handles = [];
            Errno errno = _driver.GetTranslations(descriptor, handles, out ushort seat);
            if (errno != Errno.None)
            {
                return errno;
            }

            // The seat has the number that the driver's has: it stands in every command.
            if (_afu is null || seat is AfuModel.MasterHandle or >= CxlflashLimits.MaxContexts)
            {
                return Errno.NoDevice;
            }

            CloneContext context = new(_afu, seat, descriptor);
            errno = context.SetTables(handles);
            if (errno != Errno.None)
            {
                context.Dispose();
                return errno;
            }

            _contexts.Add(context);
            window = new SimulatedRegisters(context.Mapping);
            return Errno.None;
        }
    }

    /// <inheritdoc/>
    public void Unmap(SimulatedRegisters window)
    {
        if (window.Mapping is not { File: CloneContext context } mapping || !mapping.TryRemove())
        {
            return;
        }

        lock (_lock)
        {
            _contexts.Remove(context);
        }

        context.Dispose();
    }

    /// <inheritdoc/>
    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        readable = false;
        return Find(descriptor) is { } context
            ? context.Afu.Events.Poll(timeoutMilliseconds, out readable)
            : _driver.Poll(descriptor, timeoutMilliseconds, out readable);
    }

    /// <inheritdoc/>
    public Errno Read(int descriptor, Span<byte> buffer, out int length) =>
        Find(descriptor) is { } context
            ? context.Afu.Events.Read(buffer, out length)
            : _driver.Read(descriptor, buffer, out length);

    /// <inheritdoc/>
    public Errno Close(int descriptor) => _driver.Close(descriptor);

    /// <summary>
    /// Ends the transport. Windows that are still mapped are lost, and contexts that are still
    /// attached end, as when a process exits.
    /// </summary>
    public void Dispose()
    {
        CloneContext[] contexts;
        lock (_lock)
        {
            contexts = [.. _contexts];
            _contexts.Clear();
        }

        foreach (CloneContext context in contexts)
        {
            if (context.Mapping.TryRemove())
            {
                context.Dispose();
            }
        }

        _driver.Dispose();
        _medium?.Dispose();
    }

    // By the descriptor, so that it is the file that the other process has, whatever has become of
    // its name; opened anew, so that this process chooses how it reads.
    private Errno OpenMedium(int descriptor)
    {
        lock (_lock)
        {
            if (_afu is not null)
            {
                return Errno.None;
            }

            Errno errno = _driver.GetMedium(
                descriptor, out SubmissionMode mode, out DescriptorHandle? passed);
            if (errno != Errno.None)
            {
                return errno;
            }

            using (passed)
            {
                try
                {
                    _medium = FileMedium.OpenForReading(string.Create(
                        CultureInfo.InvariantCulture, $"/proc/self/fd/{passed!.Number}"));
                }
                catch (MediumUnavailableException)
                {
                    return Errno.NoDevice;
                }
            }

            _afu = CreateAfu(_medium, mode);
            return Errno.None;
        }
    }

    // The LUN tables of its ports say what those of an adapter with one LUN say: entry 0 is LUN 0.
    private static AfuModel CreateAfu(FileMedium medium, SubmissionMode mode)
    {
        const int AllPorts = (1 << CxlflashLimits.MaxFcPorts) - 1;
        return new AfuModel(
            [new AfuTarget(0, medium, AllPorts)],
            CxlflashLimits.MaxFcPorts,
            mode,
            new SimulatedAdapterOptions().CommandRooms);
    }

    // Only what this process asks for changes the tables of its contexts.
    private Errno FollowAll()
    {
        lock (_lock)
        {
            foreach (CloneContext context in _contexts)
            {
                Errno errno = Follow(context);
                if (errno != Errno.None)
                {
                    return errno;
                }
            }

            return Errno.None;
        }
    }

    private Errno Follow(CloneContext context)
    {
        List<ClonedHandle> handles = [];
        Errno errno = _driver.GetTranslations(context.Descriptor, handles, out _);
        return errno == Errno.None ? context.SetTables(handles) : errno;
    }

    private CloneContext? Find(int descriptor)
    {
        lock (_lock)
        {
            return _contexts.Find(context => context.Descriptor == descriptor);
        }
    }
}
