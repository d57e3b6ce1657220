using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

public class RoomCreditTests
{
    [Fact]
    public void Nothing_is_taken_before_the_register_was_read()
    {
        RoomCredit rooms = new(64);
        Assert.Equal(0, rooms.Take(1));
        Assert.Equal(RoomRefill.Added, rooms.TryRefill(new FixedRoom(5)));
        Assert.Equal(5, rooms.Take(64));
        Assert.Equal(0, rooms.Take(1));
    }

    [Fact]
    public void Rooms_taken_and_not_used_are_not_given_again()
    {
        RoomCredit rooms = new(64);
        rooms.TryRefill(new FixedRoom(5));
        Assert.Equal(5, rooms.Take(5));

        Assert.Equal(RoomRefill.None, rooms.TryRefill(new FixedRoom(5)));
        rooms.Used(2);
        Assert.Equal(RoomRefill.Added, rooms.TryRefill(new FixedRoom(5)));
        Assert.Equal(2, rooms.Take(64));
    }

    [Fact]
    public void No_room_is_no_error_and_all_ones_is()
    {
        RoomCredit rooms = new(64);
        Assert.Equal(RoomRefill.None, rooms.TryRefill(new FixedRoom(0)));
        Assert.Equal(RoomRefill.Lost, rooms.TryRefill(new FixedRoom(SislHostMap.AllOnes)));
    }

    [Theory]
    [InlineData(65ul)]
    [InlineData(1ul << 32)]
    [InlineData(ulong.MaxValue - 1)]
    public void More_rooms_than_commands_are_cut(ulong stated)
    {
        RoomCredit rooms = new(64);
        Assert.Equal(RoomRefill.Added, rooms.TryRefill(new FixedRoom(stated)));
        Assert.Equal(64, rooms.Take(1000));
    }

    [Fact]
    public void Threads_never_hold_more_rooms_than_there_are()
    {
        const int Rooms = 10;
        RoomCredit rooms = new(64);
        int[] sent = [0];
        Threads.Run(4, number =>
        {
            Random random = new(number);
            for (int i = 0; i < 20_000; i++)
            {
                int taken = rooms.Take(random.Next(1, 6));
                if (taken == 0)
                {
                    rooms.TryRefill(new CountedRoom(Rooms, sent));
                    continue;
                }

                // Sending takes the device's room; the device fetches, and gives it back, later.
                Assert.InRange(Interlocked.Add(ref sent[0], taken), 0, Rooms);
                rooms.Used(taken);
                Interlocked.Add(ref sent[0], -taken);
            }
        });
    }

    private readonly struct FixedRoom(ulong room) : IRegisterWindow
    {
        public ulong Read(int offset) => offset == SislHostMap.CmdRoom ? room : 0;

        public void Write(int offset, ulong value)
        {
        }

        public void Drive()
        {
        }

        public void Wait()
        {
        }
    }

    private readonly struct CountedRoom(int rooms, int[] sent) : IRegisterWindow
    {
        public ulong Read(int offset) => (ulong)(rooms - Volatile.Read(ref sent[0]));

        public void Write(int offset, ulong value)
        {
        }

        public void Drive()
        {
        }

        public void Wait()
        {
        }
    }
}
