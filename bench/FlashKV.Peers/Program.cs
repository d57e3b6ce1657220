using FlashKV.Peers.Faster;
using FlashKV.Peers.Lmdb;
using FlashKV.Peers.RocksDb;
using FlashKV.Peers.Sqlite;
using FlashKV.Peers.Tsavorite;
using FlashKV.Peers.ZoneTree;
using FlashKV.Workloads;

return WorkloadsProgram.Run(
    args,
    [
        new FasterKind(), new TsavoriteKind(), new RocksDbKind(), new LmdbKind(),
        new ZoneTreeKind(), new SqliteKind(),
    ]);
