using FlashKV.Workloads;

return WorkloadsProgram.Run(args, []);
