using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>Reads the main store from the device and checks every checksum.</summary>
internal sealed class VerifyStep : IDemoStep
{
    public void Run(DemoSession session)
    {
        using FlashStore store = session.OpenMain();
        long started = session.Time.GetTimestamp();
        VerifyReport report = store.Verify(cancellationToken: session.Stop);
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        DemoSession.Check(
            report.IsWhole,
            $"every checksum is right ({(report.IsWhole ? "" : report.Problems[0].Message)})");
        DemoSession.Check(
            report.Keys == session.Model.Count,
            $"verification finds {session.Model.Count:N0} keys (it found {report.Keys:N0})");
        session.Print(
            "verify",
            $"{Quantity.Count(report.Records, "record")} in "
            + $"{Quantity.Count(report.Segments, "segment")}, every checksum right: "
            + $"{DemoSession.Rate(report.Records, elapsed)}");
    }
}
