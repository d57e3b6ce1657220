namespace FlashKV.SimBackend;

/// <summary>
/// What a Fibre Channel port reports besides its link going up and down; see
/// <see cref="SimulatedAdapter.SignalPortEvent"/>.
/// </summary>
public enum PortEvent
{
    /// <summary>An error of another kind: the driver clears it and resets the link.</summary>
    OtherError = 0,

    /// <summary>The target has logged out: the driver does nothing.</summary>
    LoggedOut = 1,

    /// <summary>More CRC errors than allowed: the driver resets the link.</summary>
    CrcErrors = 2,

    /// <summary>A login timed out: the driver resets the link.</summary>
    LoginTimedOut = 3,

    /// <summary>A login failed: the driver clears the error.</summary>
    LoginFailed = 4,

    /// <summary>A login succeeded: the driver looks for LUNs again.</summary>
    LoginSucceeded = 5,
}
