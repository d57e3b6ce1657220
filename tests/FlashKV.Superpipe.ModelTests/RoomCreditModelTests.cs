using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

public class RoomCreditModelTests
{
    private const int Rooms = 2;

    [Theory]
    [InlineData(2, 1, 3)]
    [InlineData(3, 1, 1)]
    [InlineData(2, 2, 4)]
    public void No_room_is_used_twice_and_none_is_lost(int threads, int sends, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                RoomCredit credit = new(16);
                Register register = new();
                return new Scenario(
                    [.. Enumerable.Repeat(Body, threads)],
                    () =>
                    {
                        int first = credit.Take(16);
                        credit.TryRefill(new Window(register));
                        Assert.Equal(Rooms, first + credit.Take(16));
                    });

                void Body()
                {
                    for (int sent = 0; sent < sends;)
                    {
                        int taken = credit.Take(2);
                        if (taken == 0)
                        {
                            if (credit.TryRefill(new Window(register)) == RoomRefill.None)
                                Scheduler.Yield();
                            continue;
                        }

                        Scheduler.Point();
                        register.Sent += taken;
                        Assert.InRange(register.Sent, 0, Rooms);
                        credit.Used(taken);

                        // The device fetches the commands, and their rooms come back.
                        Scheduler.Point();
                        register.Sent -= taken;
                        sent += taken;
                    }
                }
            },
            delays);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }

    private sealed class Register
    {
        internal int Sent { get; set; }
    }

    private readonly struct Window(Register register) : IRegisterWindow
    {
        public ulong Read(int offset)
        {
            Scheduler.Point();
            return offset == SislHostMap.CmdRoom ? (ulong)(Rooms - register.Sent) : 0;
        }

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
