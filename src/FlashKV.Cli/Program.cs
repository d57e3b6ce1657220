using FlashKV.Cli;

return Tool.RunProcess(args);
