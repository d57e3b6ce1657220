namespace FlashKV.Superpipe.Scheduling;

/// <summary>Unwinds a thread of a run that has failed elsewhere.</summary>
internal sealed class ScheduleEndedException : Exception;
