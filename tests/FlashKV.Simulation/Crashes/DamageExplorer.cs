using FlashKV.Log;
using FlashKV.Simulation.Disks;
using FlashKV.Simulation.Machines;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Crashes;

/// <summary>
/// Damages one block of a store that was closed in order, and opens it: what is damaged must be
/// reported, and never be returned or be missing without a word.
/// </summary>
internal sealed class DamageExplorer(int seed)
{
    private const int FlipsPerBlock = 3;

    /// <summary>How many damaged blocks were looked at.</summary>
    public int Blocks { get; private set; }

    /// <summary>How many of them were reported, by opening or by reading.</summary>
    public int Reported { get; private set; }

    /// <summary>How many salvages were compared.</summary>
    public int Salvaged { get; private set; }

    /// <summary>Damages blocks of what a history leaves.</summary>
    /// <param name="history">The history.</param>
    /// <param name="most">How many blocks to damage at most; all are when there are fewer.</param>
    /// <exception cref="ModelException">Damage was not reported.</exception>
    public void Explore(History history, int most)
    {
        Session session = Session.Create(history.Options);
        using Machine machine = session.Machine;
        history.Before(session);
        history.Run(session);
        session.Close();
        Disk disk = machine.Medium.Disk.Copy();
        StagingImage? staging = machine.CopyStaging();
        var random = new Random(seed);
        long[] used = [.. disk.UsedBlocks];
        random.Shuffle(used);
        foreach (long block in used.Take(most))
        {
            Examine(session, disk, staging, block, Damage.Zeros, random);
            Examine(session, disk, staging, block, Damage.Misdirected, random);
            session.Machine.Become(disk.Copy(), staging, hasIdentity: true);
            CheckSalvage(session, block, "unreadable", unreadable: block);
            for (int flip = 0; flip < FlipsPerBlock; flip++)
            {
                Examine(session, disk, staging, block, Damage.FlippedBit, random);
            }
        }
    }

    private void Examine(
        Session session,
        Disk disk,
        StagingImage? staging,
        long block,
        Damage damage,
        Random random)
    {
        Blocks++;
        Disk damaged = disk.Copy();
        damaged.WriteStable(block, Apply(damage, disk, block, random, session.Machine.Options));
        session.Machine.Become(damaged, staging, hasIdentity: true);
        CheckSalvage(session, block, $"{damage}", unreadable: -1);
        try
        {
            session.Open();
        }
        catch (CorruptStoreException) when (!IsSuperblock(block))
        {
            Reported++;
            return;
        }
        catch (Exception exception)
        {
            throw new ModelException(Place(block, damage) + exception.Message, exception);
        }

        Compare(session, block, damage);
    }

    private void Compare(Session session, long block, Damage damage)
    {
        bool isReported = false;
        for (int key = 0; key <= session.MaxKey; key++)
        {
            try
            {
                byte[]? found = session.Machine.Store.Get(Keys.Name(key));
                byte[]? expected = session.Model.Current.GetValueOrDefault(key);
                if (found is null != expected is null
                    || !(found ?? []).AsSpan().SequenceEqual(expected))
                {
                    throw new ModelException(
                        $"{Place(block, damage)}key {key} is wrong or missing.");
                }
            }
            catch (CorruptStoreException)
            {
                isReported = true;
            }
        }

        if (isReported && session.Machine.Store.Verify().Problems.Count == 0)
        {
            throw new ModelException(Place(block, damage) + "verify does not find it.");
        }

        Reported += isReported ? 1 : 0;
    }

    // What salvage gives was once written, and where it is not the newest, the report says so.
    private void CheckSalvage(Session session, long block, string damage, long unreadable)
    {
        var saved = new Dictionary<int, byte[]>();
        SalvageReport report = session.Machine.Salvage(
            unreadable, (key, value) => saved.Add(Keys.Number(key), value.ToArray()));
        HashSet<int> named = [.. report.Losses.SelectMany(static loss => loss.Keys)
            .Select(static key => Keys.Number(key.Span))];
        long unknown = report.Losses.Any(static loss => loss.Records is null)
            ? long.MaxValue
            : report.KeysLost - named.Count;
        Salvaged++;
        for (int key = 0; key <= session.MaxKey; key++)
        {
            byte[]? found = saved.GetValueOrDefault(key);
            byte[]? expected = session.Model.Current.GetValueOrDefault(key);
            bool isNewest = found is null == expected is null
                && (found ?? []).AsSpan().SequenceEqual(expected);
            if (!isNewest && !named.Contains(key) && --unknown < 0)
            {
                throw new ModelException(
                    $"{Place(block, damage)}salvage lost key {key} without a word.");
            }

            if (found is not null && !Keys.IsValue(found))
            {
                throw new ModelException(
                    $"{Place(block, damage)}salvage gave key {key} what was never written.");
            }
        }
    }

    // The chunk of the superblock is the first one of the device.
    private static bool IsSuperblock(long block) =>
        block >= Superblock.BlockOf(0) && block < Superblock.BlockOf(2);

    private static byte[] Apply(
        Damage damage, Disk disk, long block, Random random, MachineOptions options)
    {
        byte[] content = disk.Read(block).ToArray();
        switch (damage)
        {
            case Damage.FlippedBit:
                // Where there is something: most of many blocks is zeros that nobody reads.
                int[] written =
                    [.. Enumerable.Range(0, content.Length).Where(i => content[i] != 0)];
                content[written[random.Next(written.Length)]] ^= (byte)(1 << random.Next(8));
                return content;
            case Damage.Misdirected:
                int blocks = options.SegmentBytes / Disk.BlockBytes;
                long[] near = [.. disk.UsedBlocks.Where(
                    other => other / blocks == block / blocks && other != block)];
                return near.Length == 0
                    ? new byte[Disk.BlockBytes]
                    : disk.Read(near[random.Next(near.Length)]).ToArray();
            default:
                return new byte[Disk.BlockBytes];
        }
    }

    private string Place(long block, object damage) =>
        $"Seed {seed}, block {block}, {damage}: ";
}
