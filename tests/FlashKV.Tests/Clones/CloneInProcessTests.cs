using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FlashKV.Clones;
using FlashKV.Log;
using FlashKV.Reader;
using FlashKV.SimBackend;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.Tests.Clones;

/// <summary>Clones that are opened in the process that has the store.</summary>
public sealed class CloneInProcessTests : IDisposable
{
    private static readonly FlashStoreOptions s_options = new()
    {
        Shards = 4,
        SegmentBytes = 256 << 10,
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
        Durability = Durability.Buffered,
        SpaceAmplification = 1.1,
        AllowClones = true,
    };

    private static readonly ClonedStoreOptions s_small = new()
    {
        MemoryBudget = FlashStoreOptions.MinMemoryBudget,
    };

    private readonly string _directory =
        Directory.CreateTempSubdirectory("flashkv-clones-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_clone_keeps_what_is_replaced_deleted_and_added()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("kept"u8, "1"u8);
        store.Put("replaced"u8, "2"u8);
        store.Put("deleted"u8, "3"u8);
        using StoreSnapshot snapshot = store.CreateSnapshot();
        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        for (int i = 0; i < 3; i++)
        {
            store.Put("replaced"u8, "later"u8);
        }

        store.Delete("deleted"u8);
        store.Put("added"u8, "4"u8);

        Assert.Equal($"{Contents.Of(snapshot)}", $"{Contents.Of(clone)}");
        Assert.Equal("1"u8, clone.Get("kept"u8)!);
        Assert.Equal("2"u8, clone.Get("replaced"u8)!);
        Assert.Equal("3"u8, clone.Get("deleted"u8)!);
        Assert.Null(clone.Get("added"u8));
        Assert.Equal(3, clone.GetStatistics().Keys);
        Assert.Equal(_directory, clone.StoreDirectory);
        Assert.Null(clone.ExpiresAt);
        Assert.Null(clone.Ended);
        Assert.Equal(1, store.GetStatistics().Clones);
        Assert.Equal(1, store.GetStatistics().Snapshots);
    }

    [Fact]
    public void Many_keys_are_read_at_once()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        ReadOnlyMemory<byte>[] keys =
            [.. Enumerable.Range(0, 300).Select(i => new ReadOnlyMemory<byte>(Key(i)))];
        for (int i = 0; i < 300; i += 2)
        {
            store.Put(keys[i].Span, Key(-i));
        }

        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        GetManyResult results = new();
        for (int pass = 0; pass < 2; pass++)
        {
            Assert.Equal(150, clone.GetMany(keys, results));
            for (int i = 0; i < 300; i++)
            {
                Assert.Equal(i % 2 == 0, results.IsFound(i));
                Assert.Equal(i % 2 == 0 ? Key(-i) : [], results[i].ToArray());
            }
        }
    }

    [Fact]
    public void A_clone_flushes_what_is_staged_and_writes_nothing_else()
    {
        // Nobody but the clone flushes, and the interval is never over.
        using FlashStore store = FlashStore.Open(_directory, s_options with
        {
            BackgroundThread = false,
            FlushInterval = TimeSpan.FromMinutes(1),
        });
        for (int i = 0; i < 1_000; i++)
        {
            store.Put(Key(i % 100), new byte[100]);
        }

        long before = Written(store);
        using (ClonedStore clone = FlashStore.OpenClone(_directory, s_small))
        {
            Assert.Equal(100, Contents.Of(clone).Count);
        }

        // The blocks of the records, those that are written in part, headers and their copies.
        long flushed = Written(store) - before;
        Assert.InRange(flushed, 100_000, 300_000);
        before = Written(store);
        using (ClonedStore clone = FlashStore.OpenClone(_directory, s_small))
        {
            Assert.Equal(100, Contents.Of(clone).Count);
        }

        Assert.Equal(before, Written(store));
    }

    [Theory]
    [InlineData(1)]
    public async Task Clones_have_batches_whole_and_all_that_was_acknowledged(int seed)
    {
        const int Keys = 60;
        using FlashStore store = FlashStore.Open(_directory, s_options);
        int acknowledged = 0;
        using var stop = new CancellationTokenSource();
        Write(store, Keys, 0);
        Task writing = Task.Run(() =>
        {
            for (int round = 1; !stop.IsCancellationRequested; round++)
            {
                Write(store, Keys, round);
                Volatile.Write(ref acknowledged, round);
            }
        });
        var random = new Random(seed);
        int last = 0;
        for (int i = 0; i < 12; i++)
        {
            int before = Volatile.Read(ref acknowledged);
            using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
            if (random.Next(3) == 0)
            {
                await store.CompactAsync();
            }

            string[] values = [.. Enumerable.Range(0, Keys)
                .Select(key => Encoding.ASCII.GetString(clone.Get(Key(key))!)).Distinct()];
            int round = int.Parse(Assert.Single(values), CultureInfo.InvariantCulture);
            Assert.True(round >= before && round >= last, $"seed {seed}: {round} after {before}");
            last = round;
        }

        await stop.CancelAsync();
        await writing;
    }

    /// <summary>
    /// A clone lost the part of a batch whose segment was not sealed, once the segment with the
    /// commit record was compacted: recovery looked for that record. At a cut no batch is open, so
    /// every record that is committed counts.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_batch_is_whole_when_its_commit_record_was_compacted_away(int compacted)
    {
        using FlashStore store = FlashStore.Open(_directory, s_options with
        {
            Shards = 2,
            BackgroundThread = false,
        });
        byte[][] keys = [.. Enumerable.Range(0, 400).Select(Key)];
        int ShardOf(byte[] key) =>
            store.Core.Context.Hasher.ShardOf(store.Core.Context.Hasher.Hash(key));
        byte[][] filled = [.. keys.Where(key => ShardOf(key) == compacted)];
        byte[] other = keys.First(key => ShardOf(key) != compacted);
        using (WriteBatch batch = store.CreateBatch())
        {
            batch.Put(filled[0], "batch"u8);
            batch.Put(other, "batch"u8);
            batch.Commit();
        }

        for (int round = 0; round < 4; round++)
        {
            foreach (byte[] key in filled)
            {
                store.Put(key, new byte[2_000]);
            }
        }

        await store.CompactAsync();
        Assert.Equal("batch"u8, store.Get(other)!);
        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        Assert.Equal(filled.Length + 1, Contents.Of(clone).Count);
        Assert.Equal("batch"u8, clone.Get(other)!);
    }

    /// <summary>
    /// The last record of a shard may be a tombstone of which nothing is left, and its segment may
    /// be gone: the number of the last record is then that of none.
    /// </summary>
    [Fact]
    public async Task The_segment_of_the_last_record_may_be_gone()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options with
        {
            Shards = 1,
            BackgroundThread = false,
        });
        store.Put("kept"u8, "1"u8);
        for (int i = 0; i < 240; i++)
        {
            store.Put("gone"u8, new byte[1_000]);
        }

        store.Delete("gone"u8);
        ShardLog log = store.Core.Shards[0].Log;
        log.CloseSegment(SegmentKind.Hot);
        store.Flush();
        await store.CompactAsync();
        ulong last = log.NextSequence - 1;
        Assert.DoesNotContain(
            log.Segments.InUse(),
            segment => segment.State == SegmentState.Sealed && segment.Footer.MaxSequence == last);

        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        Assert.Equal(1, Contents.Of(clone).Count);
        Assert.Equal("1"u8, clone.Get("kept"u8)!);
        Assert.Equal(last, clone.GetSequence(0));
    }

    [Fact]
    public void Two_stores_have_clones_of_their_own()
    {
        string other = Path.Combine(_directory, "other");
        using FlashStore first = FlashStore.Open(
            Path.Combine(_directory, "first"), s_options);
        using FlashStore second = FlashStore.Open(other, s_options);
        first.Put("key"u8, "1"u8);
        second.Put("key"u8, "2"u8);
        using ClonedStore one = FlashStore.OpenClone(Path.Combine(_directory, "first"), s_small);
        using ClonedStore two = FlashStore.OpenClone(other, s_small);
        Assert.Equal("1"u8, one.Get("key"u8)!);
        Assert.Equal("2"u8, two.Get("key"u8)!);
    }

    [Fact]
    public async Task Closing_waits_for_a_clone_that_is_being_taken()
    {
        for (int round = 0; round < 6; round++)
        {
            FlashStore store = FlashStore.Open(_directory, s_options);
            store.Put("key"u8, "value"u8);
            using var isOpen = new SemaphoreSlim(0);
            Task reading = Task.Run(() =>
            {
                while (true)
                {
                    try
                    {
                        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
                        isOpen.Release();
                        Assert.Equal("value"u8, clone.Get("key"u8)!);
                    }
                    catch (CloneEndedException)
                    {
                        // It was let in before the store was closed.
                    }
                    catch (CloneRefusedException)
                    {
                        return;
                    }
                }
            });
            await isOpen.WaitAsync();
            store.Dispose();
            await reading;
        }
    }

    [Fact]
    public void An_empty_store_has_empty_clones()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        Assert.Equal(0, Contents.Of(clone).Count);
        Assert.Null(clone.Get("key"u8));
    }

    [Fact]
    public void A_directory_with_a_long_name_has_clones_too()
    {
        string deep = Path.Combine(_directory, new string('d', 120));
        using FlashStore store = FlashStore.Open(deep, s_options);
        store.Put("key"u8, "value"u8);
        using ClonedStore clone = FlashStore.OpenClone(deep, s_small);
        Assert.Equal("value"u8, clone.Get("key"u8)!);
    }

    [Fact]
    public void The_driver_counts_255_clones_and_refuses_the_next()
    {
        const int Most = 255;
        using FlashStore store = FlashStore.Open(_directory, s_options with { Shards = 1 });
        store.Put("key"u8, "value"u8);
        using CloneTransport transport = CloneTransport.Connect(store.Embedded!.ServeDriver());
        using SuperpipeDevice device = SuperpipeDevice.Open(
            transport, store.Embedded!.DevicePath);
        CloneSource source = CloneSource.Parse(store.CloneSources.Single());
        List<SuperpipeContext> contexts = [];
        for (int i = 0; i < Most; i++)
        {
            contexts.Add(device.Attach(new AttachOptions { Access = DeviceAccess.Read }));
            contexts[^1].CloneFrom(source);
        }

        CloneRefusedException refusal = Assert.Throws<CloneRefusedException>(
            () => FlashStore.OpenClone(_directory, s_small));
        Assert.Equal(CloneRefusal.TooManyClones, refusal.Reason);
        contexts[0].Dispose();
        using (ClonedStore clone = FlashStore.OpenClone(_directory, s_small))
        {
            Assert.Equal("value"u8, clone.Get("key"u8)!);
        }

        contexts.ForEach(static context => context.Dispose());
    }

    /// <summary>
    /// Every EIO while the LUNs were cloned was taken for too many clones; attaching and the
    /// check of a LUN have others.
    /// </summary>
    [Theory]
    [InlineData((int)DriverFault.ContextStart, "ATTACH")]
    [InlineData((int)DriverFault.TranslationMemory, "VLUN_CLONE")]
    public void What_else_the_driver_refuses_is_not_taken_for_too_many_clones(
        int fault, string operation)
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        store.Put("key"u8, "value"u8);
        store.Embedded!.Adapter!.Driver.InjectFault((DriverFault)fault, 1);

        CloneRefusedException refusal = Assert.Throws<CloneRefusedException>(
            () => FlashStore.OpenClone(_directory, s_small));

        Assert.Equal(CloneRefusal.StoreFailed, refusal.Reason);
        Assert.Contains(operation, refusal.Message, StringComparison.Ordinal);
        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        Assert.Equal("value"u8, clone.Get("key"u8)!);
    }

    /// <summary>
    /// A reader that met the end of its clone while it opened it took the store's driver for out of
    /// order, after five seconds in which it waited for a thread that had not begun to listen.
    /// </summary>
    [Theory]
    [InlineData(CloneEnd.Expired)]
    [InlineData(CloneEnd.StoreEnded)]
    public async Task A_clone_that_ends_while_it_is_opened_says_why(CloneEnd reason)
    {
        string path = Path.Combine(_directory, "clones.sock");
        File.WriteAllText(Path.Combine(_directory, "CLONES"), "");
        using Socket listening = CloneSocket.Create();
        listening.Bind(CloneSocket.EndPointOf(path));
        listening.Listen();
        string driverPath = Path.Combine(_directory, "driver.sock");

        // Of the driver's own kind, so that a connection is made and the answer waited for.
        using Socket driver = new(
            AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        driver.Bind(CloneSocket.EndPointOf(driverPath));
        driver.Listen();
        Task serving = Task.Run(() =>
        {
            using (CloneSocket reader = new(listening.Accept()))
            {
                Assert.NotNull(CloneHello.Receive(reader));
                Assert.True(reader.TrySend(
                    CloneMessage.View, CloneViewFormat.Write(ViewServedAt(driverPath))));
                if (reason != CloneEnd.StoreEnded)
                {
                    reader.SendLast(CloneMessage.End, BitConverter.GetBytes((uint)reason));
                }
            }

            // Until now the reader waits for the driver's answer, so it has the end to find.
            driver.Dispose();
        });

        CloneEndedException ended = Assert.Throws<CloneEndedException>(
            () => FlashStore.OpenClone(new CloneAddress(path, 0), null, s_small));

        Assert.Equal(reason, ended.Reason);
        await serving;
    }

    [Fact]
    public void A_reader_of_another_version_is_refused()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        using Socket socket = CloneSocket.Create();
        socket.Connect(CloneSocket.EndPointOf(Path.Combine(_directory, "clones.sock")));
        CloneSocket connection = new(socket);
        Assert.True(new CloneHello(0).TrySend(connection, CloneSocket.ProtocolVersion + 1));
        Assert.True(connection.TryReceive(
            CloneHello.LongestRefusal, out CloneMessage type, out byte[] content));
        Assert.Equal(CloneMessage.Refused, type);
        Assert.Equal(CloneRefusal.OtherVersion, CloneHello.ReadRefusal(content).Reason);
        Assert.Equal(0, store.GetStatistics().Clones);
    }

    [Fact]
    public void What_is_no_reader_gets_nothing()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        using Socket socket = CloneSocket.Create();
        socket.Connect(CloneSocket.EndPointOf(Path.Combine(_directory, "clones.sock")));
        socket.Send("GET / HTTP/1.1\r\n\r\n"u8);
        Assert.False(new CloneSocket(socket).TryReceive(1 << 20, out _, out _));
        using ClonedStore clone = FlashStore.OpenClone(_directory, s_small);
        Assert.Equal(0, Contents.Of(clone).Count);
    }

    [Fact]
    public void Only_the_owner_may_use_the_socket()
    {
        using FlashStore store = FlashStore.Open(_directory, s_options);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(_directory, "clones.sock")));
        Assert.False(ProcessUser.IsTrusted(65_533));
    }

    private static long Written(FlashStore store) =>
        store.Embedded!.Adapter!.GetStatistics().BytesWritten;

    private static void Write(FlashStore store, int keys, int round)
    {
        using WriteBatch batch = store.CreateBatch();
        for (int key = 0; key < keys; key++)
        {
            batch.Put(Key(key), Encoding.ASCII.GetBytes($"{round}"));
        }

        batch.Commit();
    }

    private CloneView ViewServedAt(string driver) => new()
    {
        Superblock = new Superblock
        {
            Store = new StoreId(1, 2),
            ShardCount = 1,
            SegmentBytes = 1 << 20,
            HashSeed = 3,
            CreatedMilliseconds = 4,
        },
        CreatedMilliseconds = 5,
        ExpiresMilliseconds = 0,
        Place = new StorePlace(_directory, driver, "/dev/sg0"),
        Shards = [new CloneShard(0, [])],
    };

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key {number}");
}
