using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Tests.Afu;

public sealed class RoomQueueTests
{
    [Fact]
    public void Addresses_come_out_in_order_and_give_their_rooms_back()
    {
        RoomQueue queue = new(100);
        ulong[] taken = new ulong[64];
        for (int round = 0; round < 10; round++)
        {
            for (ulong i = 1; i <= 100; i++)
            {
                Assert.True(queue.TryEnqueue(i));
            }

            Assert.Equal(0, queue.FreeRooms);
            Assert.False(queue.TryEnqueue(1));
            Assert.Equal(64, queue.Dequeue(taken));
            Assert.Equal(Enumerable.Range(1, 64).Select(i => (ulong)i), taken);
            Assert.Equal(64, queue.FreeRooms);
            Assert.Equal(36, queue.Dequeue(taken));
            Assert.Equal(100ul, taken[35]);
            Assert.Equal(0, queue.Dequeue(taken));
            Assert.Equal(100, queue.FreeRooms);
        }
    }

    [Fact]
    public void Clearing_forgets_what_is_queued()
    {
        RoomQueue queue = new(300);
        for (ulong i = 1; i <= 300; i++)
        {
            Assert.True(queue.TryEnqueue(i));
        }

        Assert.True(queue.TryClear());
        Assert.Equal(300, queue.FreeRooms);
        Assert.Equal(0, queue.Dequeue(new ulong[8]));
    }

    [Fact]
    public void Senders_at_once_lose_and_repeat_nothing()
    {
        const int Senders = 3;
        const int Each = 20_000;
        RoomQueue queue = new(32);
        TestThread[] senders = [.. Enumerable.Range(0, Senders).Select(sender =>
            new TestThread(() => Send(queue, (sender * Each) + 1, Each)))];
        bool[] seen = new bool[Senders * Each];
        ulong[] taken = new ulong[16];
        int left = seen.Length;
        SpinWait spin = default;
        long deadline = Environment.TickCount64 + 60_000;
        while (left > 0)
        {
            Assert.True(Environment.TickCount64 < deadline, $"{left} addresses are missing");
            int count = queue.Dequeue(taken);
            foreach (ulong address in taken.AsSpan(0, count))
            {
                Assert.False(seen[address - 1]);
                seen[address - 1] = true;
            }

            left -= count;
            spin.SpinOnce();
        }

        Array.ForEach(senders, sender => sender.Join());
        Assert.Equal(32, queue.FreeRooms);
    }

    private static void Send(RoomQueue queue, int first, int count)
    {
        SpinWait spin = default;
        for (int i = 0; i < count; i++)
        {
            while (!queue.TryEnqueue((ulong)(first + i)))
            {
                spin.SpinOnce();
            }
        }
    }
}
