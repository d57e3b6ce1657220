namespace FlashKV;

/// <summary>Something that is wrong with a backup.</summary>
/// <param name="Backup">The number of the backup.</param>
/// <param name="File">The file.</param>
/// <param name="Problem">What is wrong with it.</param>
public readonly record struct BackupProblem(int Backup, string File, string Problem);
