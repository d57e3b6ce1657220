using System.Diagnostics;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// A context as the driver keeps it (SP §3.1): its owner, its LUNs and its resource handles. It
/// outlives its seat on the AFU, which a reset takes away and recovery gives anew.
/// </summary>
internal sealed class DriverContext : IDisposable
{
    private readonly LocalLun?[] _owners;
    private readonly LxtArray?[] _translations;
    private readonly bool[] _needsScrub;
    private int _references;

    internal DriverContext(
        uint generation, int ownerProcess, byte permissions, ContextFile file, int handleCount)
    {
        Table = new ResourceHandleTable(handleCount);
        _owners = new LocalLun?[handleCount];
        _translations = new LxtArray?[handleCount];
        _needsScrub = new bool[handleCount];
        Generation = generation;
        OwnerProcess = ownerProcess;
        Permissions = permissions;
        File = file;
    }

    /// <summary>The upper half of the context id; stays through recovery.</summary>
    internal uint Generation { get; }

    /// <summary>The process that attached it.</summary>
    internal int OwnerProcess { get; }

    /// <summary>The permissions of all its handles, fixed when it was attached.</summary>
    internal byte Permissions { get; }

    /// <summary>The number of interrupts that it was attached with.</summary>
    internal ulong Interrupts { get; init; }

    /// <summary>Its seat on the AFU.</summary>
    internal ContextFile File { get; set; }

    /// <summary>Whether a reset took it off the AFU and it has not been recovered.</summary>
    internal bool IsInError { get; set; }

    /// <summary>Whether an ioctl has it to itself.</summary>
    internal bool IsLocked { get; set; }

    /// <summary>
    /// Whether it was to end and a transfer of it hung in the medium: its tables stay for ever.
    /// </summary>
    internal bool IsHung { get; set; }

    /// <summary>Whether nobody finds it, since its chunks are being scrubbed (SP §3.7).</summary>
    internal bool IsUnavailable { get; set; }

    /// <summary>The LUNs attached to it.</summary>
    internal List<LunAccess> Accesses { get; } = [];

    /// <summary>Its resource handle table.</summary>
    internal ResourceHandleTable Table { get; }

    /// <summary>The number of handles in use.</summary>
    internal int HandleCount { get; private set; }

    /// <summary>The context on the AFU.</summary>
    internal AfuContext Afu => File.Afu;

    /// <summary>The context id.</summary>
    internal ContextId Id => ContextId.FromParts(Generation, File.ProcessElement);

    /// <summary>Whether a LUN is attached to it.</summary>
    internal bool Has(LocalLun lun) => Accesses.Exists(access => access.Lun == lun);

    /// <summary>The access to a LUN that is attached to it.</summary>
    internal LunAccess AccessOf(LocalLun lun) => Accesses.Find(access => access.Lun == lun);

    /// <summary>Attaches a LUN, which counts until it is detached.</summary>
    internal void Attach(LunAccess access)
    {
        Accesses.Add(access);
        _references++;
    }

    /// <summary>Detaches a LUN.</summary>
    /// <returns>How many count as attached.</returns>
    internal int Detach(LocalLun lun)
    {
        Accesses.RemoveAll(access => access.Lun == lun);
        return --_references;
    }

    /// <summary>Takes the lowest free handle for a LUN.</summary>
    /// <returns>The handle, or -1 when the table is full.</returns>
    internal int CheckOut(LocalLun owner)
    {
        for (int handle = 0; handle < Table.Count; handle++)
        {
            if (Table[handle].Nmask == 0)
            {
                Take(handle, owner);
                return handle;
            }
        }

        return -1;
    }

    /// <summary>Takes a certain free handle for a LUN.</summary>
    internal void Take(int handle, LocalLun owner)
    {
        _owners[handle] = owner;
        HandleCount++;
    }

    /// <summary>Gives a handle back. Its translations must be gone.</summary>
    internal void CheckIn(int handle)
    {
        Debug.Assert(_translations[handle] is null, "no chunks are left");
        Table[handle] = default;
        Vacate(handle);
    }

    /// <summary>Gives a handle back and leaves its translations in the entry.</summary>
    internal void CheckInStale(int handle)
    {
        ref SislRhtEntry entry = ref Table[handle];
        entry.Nmask = 0;
        entry.Fp = 0;
        Vacate(handle);
    }

    private void Vacate(int handle)
    {
        _owners[handle] = null;
        _needsScrub[handle] = false;
        HandleCount--;
    }

    /// <summary>Whether a handle is in use for a LUN.</summary>
    internal bool Owns(ulong handle, LocalLun lun) =>
        handle < (ulong)Table.Count
        && _owners[handle] == lun
        && Table[(int)handle].Nmask != 0;

    /// <summary>The LUN of a handle; <see langword="null"/> when it is free.</summary>
    internal LocalLun? OwnerOf(int handle) => _owners[handle];

    /// <summary>Whether chunks of a handle are to be scrubbed when they are freed.</summary>
    internal bool NeedsScrub(int handle) => _needsScrub[handle];

    /// <summary>Asks for scrubbing.</summary>
    internal void SetNeedsScrub(int handle, bool value) => _needsScrub[handle] = value;

    /// <summary>The translation table of a handle.</summary>
    internal LxtArray? Translations(int handle) => _translations[handle];

    /// <summary>Puts another translation table in a handle's place and frees the old one.</summary>
    /// <remarks>The entry must already point to the new one, and the lanes be closed.</remarks>
    internal void ReplaceTranslations(int handle, LxtArray? translations)
    {
        if (_translations[handle] != translations)
        {
            _translations[handle]?.Dispose();
            _translations[handle] = translations;
        }
    }

    /// <summary>Frees the tables. No lane may be able to read them.</summary>
    public void Dispose()
    {
        Table.Dispose();
        for (int handle = 0; handle < _translations.Length; handle++)
        {
            ReplaceTranslations(handle, null);
        }
    }
}
