using System.Diagnostics;

namespace FlashKV.SimBackend.Tests.Native;

/// <summary>
/// C programs that know nothing of the simulation, on an adapter that another process serves.
/// </summary>
public sealed class NativeProgramTests(NativeMachine machine) : IClassFixture<NativeMachine>
{
    private static readonly string[] s_scenarios =
    [
        "lifecycle", "physical", "errors", "descriptors", "events", "handles", "processes", "clone",
        "recovery", "faults", "instructions", "threads", "ends", "adapter",
        "whole", "contextreset", "capacity", "resetload", "linkload",
    ];

    private static readonly (SubmissionMode Mode, PreloadRegisters Registers)[] s_modes =
    [
        (SubmissionMode.CommandRooms, PreloadRegisters.Trapped),
        (SubmissionMode.SubmissionQueue, PreloadRegisters.Trapped),
        (SubmissionMode.SubmissionQueue, PreloadRegisters.Shared),
    ];

    public static TheoryData<string, SubmissionMode, PreloadRegisters> Scenarios
    {
        get
        {
            TheoryData<string, SubmissionMode, PreloadRegisters> data = [];
            foreach (string scenario in s_scenarios)
            {
                foreach ((SubmissionMode mode, PreloadRegisters registers) in s_modes)
                {
                    data.Add(scenario, mode, registers);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void An_unmodified_program_passes(
        string scenario, SubmissionMode mode, PreloadRegisters registers)
    {
        machine.Require();
        ProgramRun.Of(machine.Start(machine.Program, mode, registers, scenario))
            .AssertEndedWith("ok");
    }

    [Fact]
    public void A_program_finds_devices_by_path_page_83_and_udev() => Passes("discovery");

    [Fact]
    public void A_program_has_several_LUNs_in_a_context_and_all_contexts() => Passes("contexts");

    [Fact]
    public void Registers_of_command_rooms_are_trapped_even_if_shared_ones_are_wanted()
    {
        machine.Require();
        ProgramRun.Of(machine.Start(
            machine.Program,
            SubmissionMode.CommandRooms,
            PreloadRegisters.Shared,
            "lifecycle")).AssertEndedWith("ok");
    }

    [Fact]
    public void A_program_whose_server_ends_finds_the_adapter_lost()
    {
        machine.Require();
        using TemporaryDirectory directory = new();
        using MemoryMedium medium = new(1 << 20);
        using SimulatedHost host = new(new SimulatedHostOptions
        {
            Adapters = [new SimulatedAdapterOptions { Luns = [new(medium)] }],
        });
        using AdapterServer server = AdapterServer.Start(host, directory.File("socket"));
        ProcessStartInfo start = machine.Start(
            server.SocketPath, machine.Program, PreloadRegisters.Trapped, ["abandoned"]);
        ProgramRun.Of(start, server.Dispose).AssertEndedWith("ok");
    }

    [Fact]
    public void Without_a_server_there_is_no_device_and_one_line_says_why()
    {
        machine.Require();
        ProcessStartInfo start = machine.Start(
            machine.Program, SubmissionMode.CommandRooms, PreloadRegisters.Trapped, "absent");
        start.Environment["FLASHKV_ADAPTER_SOCKET"] = "/nowhere/adapter.socket";
        ProgramRun run = ProgramRun.Of(start);
        run.AssertEndedWith("ok");
        Assert.Equal(
            "flashkv: no adapter daemon at /nowhere/adapter.socket: No such file or directory\n",
            run.Errors);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, PreloadRegisters.Trapped)]
    [InlineData(SubmissionMode.SubmissionQueue, PreloadRegisters.Trapped)]
    [InlineData(SubmissionMode.SubmissionQueue, PreloadRegisters.Shared)]
    public void The_shipped_Linux_transport_works_end_to_end(
        SubmissionMode mode, PreloadRegisters registers)
    {
        machine.Require();
        string client = Path.Combine(AppContext.BaseDirectory, "FlashKV.SimBackend.Client.dll");
        ProgramRun.Of(
            machine.Start("dotnet", mode, registers, "exec", client, "device"),
            () => machine.Host(mode).Adapters[0].Reset()).AssertEndedWith("done");
    }

    private void Passes(string scenario) =>
        An_unmodified_program_passes(
            scenario, SubmissionMode.CommandRooms, PreloadRegisters.Trapped);
}
