using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

public class IoctlRequestTests
{
    [Theory]
    [InlineData(IoctlRequest.Attach, 0xC090CA80u, 144)]
    [InlineData(IoctlRequest.UserDirect, 0xC070CA81u, 112)]
    [InlineData(IoctlRequest.Release, 0xC068CA82u, 104)]
    [InlineData(IoctlRequest.Detach, 0xC060CA83u, 96)]
    [InlineData(IoctlRequest.Verify, 0xC090CA84u, 144)]
    [InlineData(IoctlRequest.RecoverAfu, 0xC078CA85u, 120)]
    [InlineData(IoctlRequest.ManageLun, 0xC068CA86u, 104)]
    [InlineData(IoctlRequest.UserVirtual, 0xC078CA87u, 120)]
    [InlineData(IoctlRequest.VlunResize, 0xC078CA88u, 120)]
    [InlineData(IoctlRequest.VlunClone, 0xC070CA89u, 112)]
    [InlineData(IoctlRequest.AfuDebug, 0xC078CABEu, 120)]
    [InlineData(IoctlRequest.LunProvision, 0xC0A0CABFu, 160)]
    public void Request_number_is_the_one_of_the_header(uint computed, uint expected, int size)
    {
        Assert.Equal(expected, computed);
        Assert.Equal(size, IoctlRequest.SizeOf(computed));
        Assert.Equal((byte)expected, IoctlRequest.NumberOf(computed));
        Assert.Equal((byte)expected < 0x90, IoctlRequest.IsDk(computed));
    }

    [Fact]
    public void Core_requests_have_the_generic_encoding()
    {
        Assert.Equal(0x4040CA00u, CxlIoctlRequest.StartWork);
        Assert.Equal(0x8004CA01u, CxlIoctlRequest.GetProcessElement);
        Assert.Equal(0x8040CA02u, CxlIoctlRequest.GetAfuId);
    }

    [Fact]
    public void The_largest_dk_argument_is_the_size_of_the_union() =>
        Assert.Equal(IoctlRequest.MaxDkSizeInBytes, DkCxlflashVerify.SizeInBytes);
}
