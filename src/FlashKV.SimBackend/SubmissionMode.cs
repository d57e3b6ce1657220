namespace FlashKV.SimBackend;

/// <summary>How clients hand their commands to the adapter.</summary>
public enum SubmissionMode
{
    /// <summary>
    /// IOARRIN: each command's address is written to a register; command rooms limit how many.
    /// </summary>
    CommandRooms = 0,

    /// <summary>
    /// SQ: commands are put into a ring in memory, and one register write rings for all.
    /// </summary>
    SubmissionQueue = 1,
}
