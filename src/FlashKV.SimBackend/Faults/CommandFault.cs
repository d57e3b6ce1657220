namespace FlashKV.SimBackend;

/// <summary>
/// What goes wrong with one command of the simulated adapter; see
/// <see cref="SimulatedAdapter.InjectFault(CommandFault, long)"/>.
/// </summary>
public enum CommandFault
{
    /// <summary>SCSI status BUSY; the command is not executed.</summary>
    Busy = 0,

    /// <summary>SCSI status QUEUE FULL; the command is not executed.</summary>
    QueueFull = 1,

    /// <summary>The AFU is out of data buffers (30); the command is not executed.</summary>
    OutOfDataBuffers = 2,

    /// <summary>
    /// CHECK CONDITION, aborted command (B/00/00); the command is not executed.
    /// </summary>
    CheckCondition = 3,

    /// <summary>CHECK CONDITION, medium error (3/11/00 or 3/0C/00); it is not executed.</summary>
    MediumError = 4,

    /// <summary>
    /// CHECK CONDITION, no space on a thin LUN (7/27/07); the command is not executed.
    /// </summary>
    OutOfSpace = 5,

    /// <summary>The exchange timed out (Fibre Channel 52); the command is not executed.</summary>
    ExchangeTimeout = 6,

    /// <summary>The link went down under the command (Fibre Channel 57); it is executed.</summary>
    LinkDown = 7,

    /// <summary>The command is executed, but its response never comes.</summary>
    LostResponse = 8,

    /// <summary>
    /// The command is neither executed nor answered: what a hung adapter looks like.
    /// </summary>
    LostCommand = 9,

    /// <summary>SCSI status RESERVATION CONFLICT; the command is not executed.</summary>
    ReservationConflict = 10,

    /// <summary>
    /// The target logged out under the command (Fibre Channel 54); it is executed.
    /// </summary>
    NoLogin = 11,

    /// <summary>
    /// A page of the data is not in memory: nothing where the AFU retries by itself, as it is set
    /// up to; else 31, page-in, and the command is not executed.
    /// </summary>
    PageFault = 12,

    /// <summary>
    /// The address of the data is taken for a bad one: DMA error (31, bad address) and the event
    /// of a storage fault; the command is not executed.
    /// </summary>
    BadDataAddress = 13,

    /// <summary>
    /// The command is executed and answered late: after others that were sent later, if there are
    /// any.
    /// </summary>
    Delay = 14,

    /// <summary>
    /// The page of the resource handle table is not in memory: nothing where the AFU retries by
    /// itself; else 04, page-in, and the command is not executed.
    /// </summary>
    HandlePageFault = 15,

    /// <summary>
    /// The page of a translation table is not in memory: nothing for a physical LUN or where the
    /// AFU retries by itself; else 14, page-in, and the command is not executed.
    /// </summary>
    TranslationPageFault = 16,

    /// <summary>
    /// The page of the command (IOARCB) is not in memory: nothing where the AFU retries by itself;
    /// else an interrupt, and the command is neither executed nor answered.
    /// </summary>
    CommandPageFault = 17,

    /// <summary>
    /// The page of the status (IOASA) is not in memory: nothing where the AFU retries by itself;
    /// else an interrupt. The command is executed, but not answered.
    /// </summary>
    StatusPageFault = 18,

    /// <summary>
    /// The page of the response queue is not in memory: nothing where the AFU retries by itself;
    /// else an interrupt. The command is executed and has its status, but no response.
    /// </summary>
    ResponsePageFault = 19,

    /// <summary>
    /// The address of the resource handle table is taken for a bad one (04, bad address); the
    /// command is not executed.
    /// </summary>
    BadHandleAddress = 20,

    /// <summary>
    /// The address of a translation table is taken for a bad one (14, bad address); the command is
    /// not executed. Nothing for a physical LUN.
    /// </summary>
    BadTranslationAddress = 21,
}
