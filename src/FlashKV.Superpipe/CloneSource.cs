using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FlashKV.Superpipe;

/// <summary>
/// What a process hands to a child that is to clone its virtual LUNs: see
/// <see cref="SuperpipeContext.GetCloneSource"/>. It is text as well, so that it can be given as an
/// argument, in the environment or through a pipe; no descriptor goes with it.
/// </summary>
/// <remarks>
/// It holds until the parent's context is recovered after a reset, which changes its id; later it
/// is refused with <see cref="Errno.InvalidArgument"/>, and the parent gives a new one.
/// </remarks>
public sealed class CloneSource
{
    private const char Separator = ':';

    internal CloneSource(ulong contextId, uint[] handles)
    {
        ContextId = contextId;
        Handles = handles;
    }

    /// <summary>The number of LUNs that it names.</summary>
    public int LunCount => Handles.Length;

    internal ulong ContextId { get; }

    internal uint[] Handles { get; }

    /// <summary>Reads what <see cref="ToString"/> has written.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The source.</returns>
    /// <exception cref="FormatException">The text is of another form.</exception>
    public static CloneSource Parse(string text) => TryParse(text, out CloneSource? source)
        ? source
        : throw new FormatException($"'{text}' does not name a context and its LUNs.");

    /// <summary>Reads what <see cref="ToString"/> has written.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">The source.</param>
    /// <returns>Whether the text is of that form.</returns>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, [NotNullWhen(true)] out CloneSource? source)
    {
        source = null;
        string[] parts = text?.Split(Separator) ?? [];
        if (parts.Length == 0 || !ulong.TryParse(
            parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id))
        {
            return false;
        }

        uint[] handles = new uint[parts.Length - 1];
        for (int i = 0; i < handles.Length; i++)
        {
            if (!uint.TryParse(
                parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out handles[i]))
            {
                return false;
            }
        }

        source = new CloneSource(id, handles);
        return true;
    }

    /// <summary>
    /// Writes it as text: the id in hexadecimal, then a colon and a handle for each LUN.
    /// </summary>
    /// <returns>The text.</returns>
    public override string ToString() => string.Join(
        Separator,
        Handles.Select(handle => handle.ToString(CultureInfo.InvariantCulture))
            .Prepend(ContextId.ToString("x16", CultureInfo.InvariantCulture)));
}
