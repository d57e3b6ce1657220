using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// Fills stores on disks of every size, so that each kind of write once is the one for which there is
/// no room. A full store can be read and deleted from, closed and opened, and takes writes again once
/// there is room.
/// </summary>
internal sealed class FullDiskExplorer
{
    private const int MostWrites = 400;
    private const int Keys = 40;

    private static readonly MachineOptions s_options = new() { Shards = 2 };

    /// <summary>The disks on which a store could be created.</summary>
    public int Created { get; private set; }

    /// <summary>The disks that were too small for that.</summary>
    public int TooSmall { get; private set; }

    /// <summary>Fills a store on a disk.</summary>
    /// <param name="blocks">The blocks that the disk has room for.</param>
    /// <exception cref="ModelException">A promise was broken.</exception>
    public void Explore(int blocks)
    {
        Session session = Session.Create(s_options);
        using Machine machine = session.Machine;
        machine.Medium.SpaceLimitBlocks = blocks;
        try
        {
            session.Open();
            Created++;
        }
        catch (FlashStoreException)
        {
            // Too small: with room, creating it goes on.
            TooSmall++;
            machine.Medium.SpaceLimitBlocks = long.MaxValue;
            session.Open();
            session.Put(1, 100, Durability.Durable);
            session.CheckAll();
            return;
        }

        try
        {
            Fill(session, new Random(blocks));
            Empty(session);
            machine.Medium.SpaceLimitBlocks = long.MaxValue;
            Resume(session);
        }
        catch (Exception exception)
        {
            throw new ModelException(
                $"A disk of {blocks} blocks: {exception.Message}", exception);
        }
    }

    private static void Fill(Session session, Random random)
    {
        for (int i = 0; i < MostWrites && !session.WasFull; i++)
        {
            if (random.Next(8) == 0)
            {
                session.Batch(
                    [(random.Next(Keys), 4_000), (random.Next(Keys), 4_000)],
                    Durability.Buffered);
            }
            else
            {
                session.Put(random.Next(Keys), random.Next(60_000), Durability.Buffered);
            }

            session.Work(random.Next(s_options.Shards));
        }

        Require(session.WasFull, "the disk was never full");
        session.CheckAll();
    }

    private static void Empty(Session session)
    {
        // On the smallest disks not one segment fits into some shard.
        int[] stored = [.. session.Model.Current.Keys];
        session.Flush();
        session.Close();
        session.Open();
        session.CheckAll();
        session.WasFull = false;
        for (int key = 0; key < Keys; key++)
        {
            session.Delete(key, Durability.Durable);
        }

        Require(!session.WasFull, "a delete was refused");
        session.CheckAll();
        session.Compact();
        foreach (int key in stored)
        {
            session.Put(key, 1_000, Durability.Durable);
        }

        Require(!session.WasFull, "compaction made no room");
        session.CheckAll();
        session.Verify();
    }

    private static void Resume(Session session)
    {
        for (int key = 0; key < Keys; key++)
        {
            session.Put(key, 20_000, Durability.Buffered);
        }

        Require(!session.WasFull, "with room, a put was refused");
        session.Close();
        session.Open();
        session.CheckAll();
        session.Verify();
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ModelException(problem);
        }
    }
}
