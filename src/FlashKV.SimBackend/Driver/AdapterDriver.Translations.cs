using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>Telling what stands in the tables of a context.</content>
internal sealed partial class AdapterDriver
{
    /// <summary>How commands are handed over.</summary>
    internal SubmissionMode SubmissionMode => _afu.Mode;

    /// <summary>
    /// Reads the translations of the first virtual LUN of a context at or behind a handle.
    /// </summary>
    /// <param name="file">The context's file; in error or not.</param>
    /// <param name="handle">The handle to begin with.</param>
    /// <param name="first">The chunk to begin with.</param>
    /// <param name="entries">Gets as many as there are and fit.</param>
    internal HandleTranslations ReadTranslations(
        ContextFile file, int handle, int first, Span<ulong> entries)
    {
        lock (_lock)
        {
            DriverContext? context = _contexts.FindByFile(file);
            for (; context is not null && handle < context.Table.Count; handle++)
            {
                if (context.OwnerOf(handle) is not null && IsVirtual(context, handle))
                {
                    return Read(context, handle, first, entries);
                }
            }

            return HandleTranslations.None;
        }
    }

    private static HandleTranslations Read(
        DriverContext context, int handle, int first, Span<ulong> entries)
    {
        SislRhtEntry entry = context.Table[handle];
        int count = (int)entry.LxtCnt;
        int read = Math.Clamp(count - first, 0, entries.Length);
        if (read > 0)
        {
            context.Translations(handle)!.Entries.Slice(first, read).CopyTo(entries);
        }

        return new HandleTranslations(handle, entry.Fp, count, read);
    }
}
