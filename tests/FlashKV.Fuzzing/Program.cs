using FlashKV.Fuzzing;

return FuzzRun.Start(args);
