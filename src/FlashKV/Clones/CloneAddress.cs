using System.Globalization;

namespace FlashKV.Clones;

/// <summary>
/// Where a clone is to be had, as text in an environment variable: the version of that text, the
/// name of a socket, and the number of the clone that was prepared.
/// </summary>
/// <param name="Socket">
/// The path of the socket; what begins with "@" is a name that the system keeps.
/// </param>
/// <param name="Ticket">The number of the clone; 0 for one that is taken at the connection.</param>
internal readonly record struct CloneAddress(string Socket, ulong Ticket)
{
    private const string Version = "1";
    private const char Separator = ' ';

    public override string ToString() => string.Join(
        Separator, Version, Ticket.ToString("x16", CultureInfo.InvariantCulture), Socket);

    /// <summary>Reads the text.</summary>
    /// <exception cref="CloneRefusedException">It is of another version, or no address.</exception>
    public static CloneAddress Parse(string text)
    {
        string[] parts = text.Split(Separator, 3);
        if (parts is [Version, var ticket, { Length: > 0 } socket]
            && ulong.TryParse(
                ticket, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id))
        {
            return new CloneAddress(socket, id);
        }

        throw new CloneRefusedException(
            parts[0] == Version ? CloneRefusal.Protocol : CloneRefusal.OtherVersion,
            $"'{text}' is no address of a clone that this version of the library knows");
    }
}
