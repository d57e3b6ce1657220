using System.Text;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The adapters as a program finds them in /dev and /sys: nodes, links and attributes (SP §2.1).
/// The tree is made once; what attributes contain is asked for when they are read.
/// </summary>
internal sealed class DeviceTree
{
    private readonly Dictionary<string, Func<DeviceNode>> _nodes = [];
    private readonly Dictionary<string, SortedSet<string>> _directories = [];
    private readonly List<Func<string>> _lines = [];

    internal DeviceTree(SimulatedHost host)
    {
        for (int adapter = 0; adapter < host.Adapters.Count; adapter++)
        {
            HostTree.Add(this, host.Adapters[adapter], adapter);
        }
    }

    /// <summary>Looks a path up.</summary>
    internal bool TryLookUp(string path, out DeviceNode node)
    {
        string name = path.Length > 1 ? path.TrimEnd('/') : path;
        if (_nodes.TryGetValue(name, out Func<DeviceNode>? read))
        {
            node = read();
            return true;
        }

        bool isDirectory = _directories.TryGetValue(name, out SortedSet<string>? names);
        node = isDirectory
            ? new DeviceNode(
                NodeKind.Directory, Bytes(string.Concat(names!.Select(child => child + "\n"))))
            : default;
        return isDirectory;
    }

    /// <summary>All nodes, one a line.</summary>
    internal string List() => string.Concat(_lines.Select(line => line() + "\n"));

    /// <summary>Adds a line to the list.</summary>
    internal void AddLine(Func<string> line) => _lines.Add(line);

    /// <summary>Adds a file whose text is asked for when it is read.</summary>
    internal void AddText(string path, Func<string> text) =>
        Add(path, () => new DeviceNode(NodeKind.File, Bytes(text() + "\n")));

    /// <summary>Adds a file of bytes.</summary>
    internal void AddBytes(string path, Func<byte[]> content) =>
        Add(path, () => new DeviceNode(NodeKind.File, content()));

    /// <summary>Adds a link.</summary>
    internal void AddLink(string path, string target)
    {
        DeviceNode node = new(NodeKind.Link, Bytes(target));
        Add(path, () => node);
    }

    /// <summary>Adds a device.</summary>
    internal void AddDevice(string path, int major, int minor)
    {
        const int MinorBits = 20;
        DeviceNode node = new(NodeKind.Device, default, (uint)((major << MinorBits) | minor));
        Add(path, () => node);
    }

    /// <summary>Adds a path that is asked for when it is looked up.</summary>
    internal void Add(string path, Func<DeviceNode> read)
    {
        _nodes.Add(path, read);
        AddToParents(path);
    }

    private void AddToParents(string path)
    {
        int slash = path.LastIndexOf('/');
        while (slash > 0)
        {
            string parent = path[..slash];
            if (!_directories.TryGetValue(parent, out SortedSet<string>? names))
            {
                names = new SortedSet<string>(StringComparer.Ordinal);
                _directories.Add(parent, names);
            }

            if (!names.Add(path[(slash + 1)..]))
            {
                return;
            }

            path = parent;
            slash = path.LastIndexOf('/');
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
