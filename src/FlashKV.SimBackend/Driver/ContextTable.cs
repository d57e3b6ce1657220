using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The contexts of one adapter: those on the AFU by process element, and those that a reset has put
/// on the error list (SP §3.2). Not synchronised.
/// </summary>
internal sealed class ContextTable
{
    /// <summary>The process elements below are the driver's own.</summary>
    internal const int FirstElement = 4;

    private readonly DriverContext?[] _table = new DriverContext?[CxlflashLimits.MaxContexts];
    private readonly ContextFile?[] _elements = new ContextFile?[CxlflashLimits.MaxContexts];
    private readonly List<DriverContext> _inError = [];
    private readonly int _limit;

    internal ContextTable(int contextCount) => _limit = FirstElement + contextCount;

    /// <summary>The number of contexts, those in error included.</summary>
    internal int Count => All.Count();

    /// <summary>The files that hold a process element.</summary>
    internal IEnumerable<ContextFile> Files => _elements.OfType<ContextFile>();

    /// <summary>All contexts.</summary>
    internal IEnumerable<DriverContext> All => _table.OfType<DriverContext>().Concat(_inError);

    /// <summary>The lowest free process element, or -1.</summary>
    internal int FindFreeElement()
    {
        int index = Array.IndexOf(_elements, null, FirstElement, _limit - FirstElement);
        return index;
    }

    /// <summary>Occupies a process element.</summary>
    internal void Occupy(ContextFile file) => _elements[file.ProcessElement] = file;

    /// <summary>Gives a process element back.</summary>
    internal void Vacate(ContextFile file) => _elements[file.ProcessElement] = null;

    /// <summary>Adds a context at its process element.</summary>
    internal void Add(DriverContext context)
    {
        _table[context.File.ProcessElement] = context;
    }

    /// <summary>Removes a context, wherever it is.</summary>
    /// <param name="context">The context.</param>
    /// <param name="evicts">
    /// Whether the slot of its process element becomes free even if another context is there.
    /// </param>
    internal void Remove(DriverContext context, bool evicts)
    {
        if (!_inError.Remove(context) || evicts)
        {
            _table[context.File.ProcessElement] = null;
        }
    }

    /// <summary>Puts all contexts on the error list.</summary>
    internal void MarkAllInError()
    {
        for (int i = 0; i < _table.Length; i++)
        {
            if (_table[i] is { } context)
            {
                _table[i] = null;
                context.IsInError = true;
                _inError.Add(context);
            }
        }
    }

    /// <summary>Takes a context off the error list; its file is the new one.</summary>
    internal void Restore(DriverContext context)
    {
        _inError.Remove(context);
        context.IsInError = false;
        _table[context.File.ProcessElement] = context;
    }

    /// <summary>Finds a context by its id.</summary>
    /// <param name="id">The 64-bit id; all of it must match.</param>
    /// <param name="caller">Who asks; only the owner finds it.</param>
    /// <param name="lun">The LUN that must be attached to it, if one must.</param>
    /// <param name="lookup">How to look.</param>
    internal DriverContext? Find(
        ulong id, Caller caller, LocalLun? lun, ContextLookup lookup = ContextLookup.None)
    {
        ContextId wanted = new(id);
        if (wanted.ProcessElement >= CxlflashLimits.MaxContexts)
        {
            return null;
        }

        DriverContext? found = _table[wanted.ProcessElement];
        if (found is not null && found.Id != wanted)
        {
            found = null;
        }

        if (found is null && (lookup & ContextLookup.ErrorFallback) != 0)
        {
            found = _inError.Find(context => context.Id == wanted);
        }

        int owner = (lookup & ContextLookup.Clone) != 0
            ? caller.ParentProcessId
            : caller.ProcessId;
        bool mayUse = found is { IsUnavailable: false }
            && found.OwnerProcess == owner
            && (lun is null || found.Has(lun));
        return mayUse ? found : null;
    }

    /// <summary>Finds the context whose seat a file is, in error or not.</summary>
    internal DriverContext? FindByFile(ContextFile file)
    {
        DriverContext? found = _table[file.ProcessElement];
        return found?.File == file ? found : _inError.Find(context => context.File == file);
    }
}
