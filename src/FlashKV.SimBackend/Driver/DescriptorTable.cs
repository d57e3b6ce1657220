namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The descriptors of one process: small numbers, the lowest free one first. Not synchronised.
/// </summary>
internal sealed class DescriptorTable
{
    // 0 to 2 belong to the standard streams of any process.
    private const int First = 3;

    private readonly List<OpenFile?> _files = [];

    /// <summary>The number of open descriptors.</summary>
    internal int Count { get; private set; }

    /// <summary>The open descriptors, in ascending order.</summary>
    internal IReadOnlyList<int> Descriptors =>
        [.. Enumerable.Range(First, _files.Count).Where(number => Find(number) is not null)];

    /// <summary>Opens a descriptor, which holds the file.</summary>
    internal int Add(OpenFile file)
    {
        int index = _files.IndexOf(null);
        if (index < 0)
        {
            index = _files.Count;
            _files.Add(null);
        }

        file.AddReference();
        _files[index] = file;
        Count++;
        return index + First;
    }

    /// <summary>Opens the same descriptors as another table has.</summary>
    internal void CopyFrom(DescriptorTable other)
    {
        foreach (OpenFile? file in other._files)
        {
            file?.AddReference();
            _files.Add(file);
            Count += file is null ? 0 : 1;
        }
    }

    /// <summary>The file of a descriptor, if it is open.</summary>
    internal OpenFile? Find(int descriptor)
    {
        int index = descriptor - First;
        return (uint)index < (uint)_files.Count ? _files[index] : null;
    }

    /// <summary>Closes a descriptor. Its reference to the file becomes the caller's.</summary>
    /// <returns>Its file; <see langword="null"/> if it was not open.</returns>
    internal OpenFile? Remove(int descriptor)
    {
        OpenFile? file = Find(descriptor);
        if (file is not null)
        {
            _files[descriptor - First] = null;
            Count--;
        }

        return file;
    }
}
