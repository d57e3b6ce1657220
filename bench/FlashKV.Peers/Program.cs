using FlashKV.Peers.Faster;
using FlashKV.Peers.RocksDb;
using FlashKV.Workloads;

return WorkloadsProgram.Run(args, [new FasterKind(), new RocksDbKind()]);
