using System.Diagnostics;
using FlashKV.SimBackend.Sharing;

namespace FlashKV.SimBackend.Tests.Native;

public sealed class PreloadLibraryTests
{
    [Theory]
    [InlineData("gcc")]
    [InlineData("clang")]
    public void It_compiles_without_a_warning(string compiler)
    {
        Assert.SkipUnless(Exists(compiler), $"There is no {compiler} on this machine.");
        using TemporaryDirectory directory = new();
        PreloadSources.WriteTo(PreloadSources.Read(), directory.FullPath);
        NativeCompilerRun.Compile(
            directory.FullPath,
            [
                "-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra",
                "-Werror", "-o", directory.File("library.so"),
            ],
            ["-ldl", "-lpthread"],
            compiler);
        Assert.True(File.Exists(directory.File("library.so")));
    }

    [Fact]
    public void A_compiler_that_is_not_there_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "For Linux.");
        PreloadLibraryException exception = Assert.Throws<PreloadLibraryException>(
            () => PreloadLibrary.Build("no-such-compiler"));
        Assert.Contains("no-such-compiler", exception.Message, StringComparison.Ordinal);
        Assert.Null(exception.Compiler);
    }

    [Fact]
    public void A_compiler_that_knows_no_version_is_named_with_its_exit_code()
    {
        Assert.SkipUnless(File.Exists("/bin/false"), "For machines with false.");
        PreloadLibraryException exception = Assert.Throws<PreloadLibraryException>(
            () => PreloadLibrary.Build("/bin/false"));
        Assert.Contains(
            "'/bin/false --version' ends with exit code 1", exception.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the compiler")]
    [InlineData("compiler")]
    public void A_compiler_may_have_arguments_and_its_path_spaces(string name)
    {
        Assert.SkipUnless(File.Exists("/bin/sh"), "For machines with a shell.");
        using TemporaryDirectory directory = new();
        string compiler = directory.File(name);
        string seen = directory.File("seen");
        File.WriteAllText(compiler, $"""
            #!/bin/sh
            echo "$@" >> '{seen}'
            for last; do :; done
            test "$last" = --version || exit 4
            """);
        File.SetUnixFileMode(compiler, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string arguments = name.Contains(' ', StringComparison.Ordinal) ? "" : " -m64  -O2";
        Assert.Throws<PreloadLibraryException>(() => PreloadLibrary.Build(compiler + arguments));
        string[] lines = File.ReadAllLines(seen);
        Assert.Equal(arguments.Length > 0 ? "-m64 -O2 --version" : "--version", lines[0]);
        Assert.StartsWith(
            arguments.Length > 0 ? "-m64 -O2 -std=" : "-std=", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_compiler_that_fails_is_named_with_what_it_said()
    {
        Assert.SkipUnless(File.Exists("/bin/sh"), "For machines with a shell.");
        using TemporaryDirectory directory = new();
        string compiler = directory.File("compiler");
        File.WriteAllText(compiler, """
            #!/bin/sh
            test "$1" = --version || { echo "out of paper" >&2; exit 4; }
            """);
        File.SetUnixFileMode(compiler, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        PreloadLibraryException exception = Assert.Throws<PreloadLibraryException>(
            () => PreloadLibrary.Build(compiler));
        Assert.Equal(compiler, exception.Compiler);
        Assert.Contains("out of paper", exception.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_keeps_the_libraries_that_it_was_to_preload()
    {
        ProcessStartInfo start = new("true");
        start.Environment["LD_PRELOAD"] = "/lib/other.so";
        PreloadLibrary.Configure(start, "/lib/ours.so", "/run/socket", PreloadRegisters.Shared);
        Assert.Equal("/lib/ours.so:/lib/other.so", start.Environment["LD_PRELOAD"]);
        Assert.Equal("/run/socket", start.Environment["FLASHKV_ADAPTER_SOCKET"]);
        Assert.Equal("shared", start.Environment["FLASHKV_ADAPTER_REGISTERS"]);
        PreloadLibrary.Configure(start, "/lib/ours.so", "@name");
        Assert.Equal("@name", start.Environment["FLASHKV_ADAPTER_SOCKET"]);
    }

    private static bool Exists(string command) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':')
            .Any(directory => File.Exists(Path.Combine(directory, command)));
}
