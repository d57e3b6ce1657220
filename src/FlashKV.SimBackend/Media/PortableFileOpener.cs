using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>Opens the file of a <see cref="FileMedium"/> by the runtime's own calls.</summary>
internal static class PortableFileOpener
{
    // ERROR_SHARING_VIOLATION as an HRESULT, and EWOULDBLOCK of Linux and of the BSDs.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int WouldBlockBsd = 35;

    internal static FileMedium Open(string path, long blockCount)
    {
        bool isNew = !File.Exists(path);
        SafeFileHandle file = OpenFile(path);
        try
        {
            long length = PrepareLength(path, file, blockCount, isNew);
            PortableFileChannel channel = new(file);
            return new FileMedium(path, channel, length / Medium.BlockBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenFile(string path)
    {
        try
        {
            return File.OpenHandle(
                path,
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None,
                FileOptions.RandomAccess);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Unavailable(path, MediumUnavailableReason.ReadOnly, exception);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw Unavailable(path, MediumUnavailableReason.NotFound, exception);
        }
        catch (IOException exception)
        {
            throw Unavailable(path, ReasonOf(exception.HResult), exception);
        }
    }

    private static long PrepareLength(
        string path, SafeFileHandle file, long blockCount, bool isNew)
    {
        long length = RandomAccess.GetLength(file);
        if (length % Medium.BlockBytes != 0)
        {
            throw new MediumUnavailableException(path, MediumUnavailableReason.BadLength);
        }

        if (length > 0)
        {
            return length;
        }

        try
        {
            RandomAccess.SetLength(file, blockCount * Medium.BlockBytes);
            RandomAccess.FlushToDisk(file);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException)
        {
            // The runtime has one or the other, as the system refuses the length or the space.
            file.Dispose();
            if (isNew)
            {
                File.Delete(path);
            }

            throw Unavailable(path, MediumUnavailableReason.TooLarge, exception);
        }

        return blockCount * Medium.BlockBytes;
    }

    private static MediumUnavailableReason ReasonOf(int error) => error switch
    {
        SharingViolation or WouldBlockBsd or LibC.ErrorTryAgain => MediumUnavailableReason.Locked,
        LibC.ErrorReadOnly => MediumUnavailableReason.ReadOnly,
        _ => MediumUnavailableReason.Other,
    };

    private static MediumUnavailableException Unavailable(
        string path, MediumUnavailableReason reason, Exception exception) =>
        new(path, reason, exception.HResult, exception);
}
