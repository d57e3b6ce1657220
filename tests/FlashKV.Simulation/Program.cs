return FlashKV.Simulation.LongRun.Start(args);
