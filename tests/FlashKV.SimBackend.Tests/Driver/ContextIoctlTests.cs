using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>The cxl core's ioctls on a context's descriptor (SP §2.10).</summary>
public sealed class ContextIoctlTests
{
    [Fact]
    public void They_tell_the_process_element_and_the_adapter_and_start_nothing_again()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        TestClient client = fixture.Attached();
        byte[] number = new byte[4];
        Assert.Equal(Errno.None, Call(client, CxlIoctlRequest.GetProcessElement, number));
        Assert.Equal(client.Handle, BitConverter.ToUInt32(number));
        byte[] id = new byte[64];
        id.AsSpan().Fill(0xEE);
        Assert.Equal(Errno.None, Call(client, CxlIoctlRequest.GetAfuId, id));
        Assert.Equal(
            (1ul, 0u, 0u, 2u),
            (BitConverter.ToUInt64(id), BitConverter.ToUInt32(id, 8),
                BitConverter.ToUInt32(id, 12), BitConverter.ToUInt32(id, 16)));
        Assert.True(id.AsSpan(20).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(Errno.InputOutput, Call(client, CxlIoctlRequest.StartWork, new byte[64]));
        Assert.Equal(Errno.BadAddress, Call(client, CxlIoctlRequest.GetAfuId, number));
        Assert.Equal(
            Errno.BadAddress, Call(client, CxlIoctlRequest.GetProcessElement, []));

        // The driver's own are not for this descriptor.
        Assert.Equal(
            Errno.InvalidArgument,
            Call(client, IoctlRequest.Detach, new byte[DkCxlflashDetach.SizeInBytes]));
    }

    [Fact]
    public void A_lost_context_answers_with_an_error_and_OpenCAPI_has_none()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        TestClient client = fixture.Attached();
        fixture.Adapter.Reset();
        Assert.Equal(
            Errno.InputOutput, Call(client, CxlIoctlRequest.GetProcessElement, new byte[4]));
        using MemoryMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            IsOpenCapi = true,
        });
        using TestClient other = new TestClient(adapter).Attach();
        Assert.Equal(
            Errno.InappropriateIoctl,
            Call(other, CxlIoctlRequest.GetProcessElement, new byte[4]));
    }

    private static Errno Call(TestClient client, uint request, byte[] argument) =>
        client.Transport.Ioctl(client.ContextDescriptor, request, argument);
}
