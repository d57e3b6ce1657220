namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The descriptors that the driver has given out: small numbers, the lowest free one first. Not
/// synchronised.
/// </summary>
internal sealed class DescriptorTable
{
    // 0 to 2 belong to the standard streams of any process.
    private const int First = 3;

    private readonly List<object?> _files = [];

    /// <summary>The number of open descriptors.</summary>
    internal int Count { get; private set; }

    /// <summary>Opens a descriptor.</summary>
    internal int Add(object file)
    {
        int index = _files.IndexOf(null);
        if (index < 0)
        {
            index = _files.Count;
            _files.Add(null);
        }

        _files[index] = file;
        Count++;
        return index + First;
    }

    /// <summary>The file of a descriptor, if it is open.</summary>
    internal object? Find(int descriptor)
    {
        int index = descriptor - First;
        return (uint)index < (uint)_files.Count ? _files[index] : null;
    }

    /// <summary>Closes a descriptor.</summary>
    /// <returns>Its file; <see langword="null"/> if it was not open.</returns>
    internal object? Remove(int descriptor)
    {
        object? file = Find(descriptor);
        if (file is not null)
        {
            _files[descriptor - First] = null;
            Count--;
        }

        return file;
    }
}
