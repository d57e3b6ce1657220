using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend.Tests.Media;

public sealed class FileMediumTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string FilePath => _directory.File("medium");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_new_file_has_the_capacity_and_takes_no_space()
    {
        const long Blocks = 1L << 20;
        using FileMedium medium = FileMedium.Open(FilePath, Blocks);
        Assert.Equal(Blocks, medium.BlockCount);
        Assert.Equal(Blocks * 4096, new FileInfo(FilePath).Length);
        Assert.True(SpaceTaken() < 1 << 20, $"{SpaceTaken()} bytes taken");
    }

    [Fact]
    public void Discard_gives_the_space_back()
    {
        using FileMedium medium = FileMedium.Open(FilePath, 4096);
        using AlignedMemory memory = new(1024);
        memory.Fill(1);
        medium.Write(0, [memory.Run(0, 1024)], forceUnitAccess: true);
        long full = SpaceTaken();
        Assert.True(full >= 4 << 20, $"{full} bytes taken");
        Assert.Equal(MediumStatus.Good, medium.Discard(0, 1024));
        medium.Flush();
        Assert.True(SpaceTaken() < full / 2, $"{SpaceTaken()} bytes taken");
    }

    [Fact]
    public void An_existing_file_keeps_its_size_and_content()
    {
        using AlignedMemory memory = new(1);
        memory.Fill(7);
        using (FileMedium medium = FileMedium.Open(FilePath, 100))
        {
            medium.Write(99, [memory.Run(0, 1)], forceUnitAccess: true);
        }

        using AlignedMemory read = new(1);
        using FileMedium reopened = FileMedium.Open(FilePath, 200);
        Assert.Equal(100, reopened.BlockCount);
        reopened.Read(99, [read.Run(0, 1)]);
        Assert.Equal(memory.Bytes, read.Bytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_in_use_is_refused_as_locked(bool portable)
    {
        using FileMedium first = Open(portable);
        var exception = Assert.Throws<MediumUnavailableException>(() => Open(portable));
        Assert.Equal(MediumUnavailableReason.Locked, exception.Reason);
        Assert.Equal(FilePath, exception.Path);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_of_odd_length_is_refused(bool portable)
    {
        File.WriteAllBytes(FilePath, new byte[4097]);
        var exception = Assert.Throws<MediumUnavailableException>(() => Open(portable));
        Assert.Equal(MediumUnavailableReason.BadLength, exception.Reason);
    }

    // Bug: the file was made before the file system was asked, and stayed there, empty.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_is_too_large_for_its_file_system_is_not_left_behind(bool portable)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "For a file system with a limit.");
        var exception = Assert.Throws<MediumUnavailableException>(
            () => OpenLargest(portable));
        Assert.Equal(MediumUnavailableReason.TooLarge, exception.Reason);
        Assert.False(File.Exists(FilePath));
        File.WriteAllBytes(FilePath, []);
        Assert.Throws<MediumUnavailableException>(() => OpenLargest(portable));
        Assert.True(File.Exists(FilePath), "a file that was there before stays");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missing_directory_is_reported_as_not_found(bool portable)
    {
        string path = Path.Combine(_directory.FullPath, "missing", "medium");
        var exception = Assert.Throws<MediumUnavailableException>(() =>
            Open(portable, path));
        Assert.Equal(MediumUnavailableReason.NotFound, exception.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_cannot_be_written_is_reported_as_read_only(bool portable)
    {
        Assert.True(Run("truncate", "-s", "8192", FilePath));
        File.SetAttributes(FilePath, FileAttributes.ReadOnly);

        // Permissions do not stop a privileged user; a read-only mount does.
        bool mounted = Environment.IsPrivilegedProcess
            && Run("mount", "--bind", "-o", "ro", _directory.FullPath, _directory.FullPath);
        if (Environment.IsPrivilegedProcess && !mounted)
        {
            return;
        }

        try
        {
            var exception = Assert.Throws<MediumUnavailableException>(() => Open(portable));
            Assert.Equal(MediumUnavailableReason.ReadOnly, exception.Reason);
        }
        finally
        {
            Assert.True(!mounted || Run("umount", _directory.FullPath));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_cut_short_behind_our_back_is_a_medium_error(bool portable)
    {
        using FileMedium medium = Open(portable);
        Assert.True(Run("truncate", "-s", "4096", FilePath));
        using AlignedMemory memory = new(4);
        Assert.Equal(MediumStatus.MediumError, medium.Read(0, [memory.Run(0, 4)]));
    }

    [Fact]
    public void Io_uring_is_used_where_the_system_allows_it()
    {
        using FileMedium best = FileMedium.Open(FilePath, 8);
        using FileMedium positioned = FileMedium.Open(
            _directory.File("other"), 8, direct: true, FileAccessMethod.Positioned);
        Assert.False(positioned.HasQueues);
        Assert.Null(positioned.TakeQueue());
        using var file = File.OpenHandle(
            _directory.File("probe"), FileMode.Create, FileAccess.Write);
        using UringRing? ring = LibC.IsUsable
            ? UringRing.TryCreate(8, file, UringKernel.System) : null;
        Assert.Equal(ring is not null && best.IsDirect, best.HasQueues);
    }

    [Fact]
    public void A_file_can_be_opened_again_as_soon_as_its_rings_are_gone()
    {
        for (int i = 0; i < 20; i++)
        {
            using FileMedium medium = FileMedium.Open(FilePath, 8);
            using AlignedMemory memory = new(8);
            MediumTransfer[] transfers = [.. Enumerable.Range(0, 8).Select(block =>
                new MediumTransfer
                {
                    Block = block, BlockCount = 1, FirstRun = block, RunCount = 1,
                })];
            medium.Execute(
                transfers, [.. Enumerable.Range(0, 8).Select(block => memory.Run(block, 1))]);
            Assert.All(transfers, transfer => Assert.Equal(MediumStatus.Good, transfer.Status));
        }
    }

    [Fact]
    public void A_file_is_waited_for_whose_rings_the_kernel_still_takes_down()
    {
        using AlignedMemory memory = new(1024);
        FileMedium.Open(FilePath, 1024).Dispose();
        for (int i = 0; i < 20; i++)
        {
            LoseRing(memory);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using FileMedium medium = FileMedium.Open(FilePath, 1024);
            Assert.Equal(1024, medium.BlockCount);
        }
    }

    [Fact]
    public void Transfers_allocate_no_managed_memory()
    {
        using FileMedium medium = FileMedium.Open(FilePath, 1024);
        using AlignedMemory aligned = new(4);
        using AlignedMemory shifted = new(4, shift: 16);
        MemoryRun[] runs = [aligned.Run(0, 2), aligned.Run(2, 2)];
        MemoryRun[] bounced = [shifted.Run(0, 4)];
        MediumTransfer[] batch =
        [
            new() { Operation = MediumOperation.Write, BlockCount = 4, RunCount = 2 },
            new() { Operation = MediumOperation.Read, Block = 8, BlockCount = 2, RunCount = 1 },
        ];
        medium.Execute(batch, runs);
        Transfer(medium, runs, bounced);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            Transfer(medium, runs, bounced);
            medium.Execute(batch, runs);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_full_file_system_is_out_of_space()
    {
        string mountPoint = Directory.CreateDirectory(_directory.File("mount")).FullName;
        if (!TryMountSmallFileSystem(mountPoint))
        {
            return;
        }

        try
        {
            using FileMedium medium = FileMedium.Open(Path.Combine(mountPoint, "medium"), 4096);
            using AlignedMemory memory = new(512);
            memory.Fill(3);
            Assert.Equal(MediumStatus.Good, medium.Write(0, [memory.Run(0, 64)], true));
            Assert.Equal(MediumStatus.OutOfSpace, medium.Write(64, [memory.Run(0, 512)], true));
            Assert.Equal(MediumStatus.Good, medium.Discard(64, 512));
            Assert.Equal(MediumStatus.Good, medium.Write(64, [memory.Run(0, 64)], true));
        }
        finally
        {
            Run("umount", mountPoint);
        }
    }

    // As a killed process leaves it: the file locked, writes under way, nothing unregistered.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void LoseRing(AlignedMemory memory)
    {
        int descriptor = LibC.IsUsable
            ? LibC.Open(
                FilePath,
                LibC.OpenReadWrite | LibC.OpenDirect | LibC.OpenCloseOnExec,
                0)
            : -1;
        if (descriptor < 0)
        {
            return;
        }

        using SafeFileHandle file = new(descriptor, ownsHandle: true);
        Assert.Equal(0, LibC.Lock(file, LibC.LockExclusive | LibC.LockNonBlocking));
        UringRing? ring = UringRing.TryCreate(8, file, UringKernel.System);
        for (int i = 0; i < 8 && ring is not null; i++)
        {
            UringSubmission* submission = ring.Add();
            submission->Opcode = UringSubmission.Write;
            submission->Flags = UringSubmission.FixedFile;
            submission->Offset = i * 128 * Medium.BlockBytes;
            submission->Address = memory.Run(i * 128, 128).Address;
            submission->Length = 128 * Medium.BlockBytes;
            submission->TransferFlags = LibC.WriteDataSync;
        }

        Assert.Equal(0, ring?.Enter(0) ?? 0);
    }

    private static void Transfer(Medium medium, MemoryRun[] runs, MemoryRun[] bounced)
    {
        medium.Write(0, runs, forceUnitAccess: true);
        medium.Write(8, bounced, forceUnitAccess: false);
        medium.Read(0, bounced);
        medium.Read(8, runs);
    }

    private static bool TryMountSmallFileSystem(string mountPoint) =>
        OperatingSystem.IsLinux()
        && Environment.IsPrivilegedProcess
        && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mountPoint);

    private static bool Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static FileMedium Open(bool portable, string path) => FileMedium.Open(
        path, 8, direct: true, portable ? FileAccessMethod.Portable : FileAccessMethod.Best);

    private FileMedium Open(bool portable) => Open(portable, FilePath);

    private FileMedium OpenLargest(bool portable) => FileMedium.Open(
        FilePath,
        Medium.MaxBlockCount - 1,
        direct: true,
        portable ? FileAccessMethod.Portable : FileAccessMethod.Best);

    private long SpaceTaken()
    {
        ProcessStartInfo start = new("stat", ["-c", "%b", FilePath])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string blocks = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(blocks) * 512;
    }
}
