using FlashKV.Index;

namespace FlashKV.Tests.Index;

public class BucketControlTests
{
    [Fact]
    public void Fields_do_not_disturb_each_other()
    {
        BucketControl latched = new(BucketControl.Latch);
        BucketControl control = latched.WithOverflow((1u << 30) - 1, 15);

        Assert.True(control.IsLatched);
        Assert.False(control.IsBatch);
        Assert.True(control.HasOverflow);
        Assert.Equal((1u << 30) - 1, control.Overflow);
        Assert.Equal(15, control.OverflowClass);
        Assert.False(control.IsSameVersion(latched));

        BucketControl without = control.WithoutOverflow();
        Assert.False(without.HasOverflow);
        Assert.Equal(0, without.OverflowClass);
        Assert.True(without.IsLatched);
        Assert.False(without.IsSameVersion(control));
    }

    [Fact]
    public void Latch_and_batch_are_no_new_version()
    {
        BucketControl control = new BucketControl(0).NextVersion();
        BucketControl marked = new(control.Word | BucketControl.Latch | BucketControl.Batch);

        Assert.True(marked.IsSameVersion(control));
        Assert.True(marked.IsBatch);
    }

    [Fact]
    public void The_version_wraps_without_touching_other_fields()
    {
        BucketControl last = new(~0UL);

        BucketControl next = last.NextVersion();

        Assert.False(next.IsSameVersion(last));
        Assert.Equal(last.Overflow, next.Overflow);
        Assert.Equal(last.OverflowClass, next.OverflowClass);
        Assert.True(next.IsLatched);
    }
}
