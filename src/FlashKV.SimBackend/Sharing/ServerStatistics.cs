using System.Text.Json;
using FlashKV.SimBackend.Driver;

namespace FlashKV.SimBackend.Sharing;

/// <summary>The counts of a server as JSON.</summary>
internal static class ServerStatistics
{
    /// <summary>Writes them.</summary>
    /// <param name="machine">The server.</param>
    /// <param name="adapter">An adapter's number, or all ones for all.</param>
    internal static byte[] ToJson(ServedMachine machine, uint adapter)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("connections", machine.ConnectionCount);
            json.WriteNumber("processes", machine.Registry.ProcessCount);
            json.WriteNumber("files", machine.Registry.FileCount);
            json.WriteNumber("failures", machine.FailureCount);
            if (machine.LastFailure is { } failure)
            {
                json.WriteString("lastFailure", failure.ToString());
            }

            json.WriteStartArray("adapters");
            for (int i = 0; i < machine.Host.Adapters.Count; i++)
            {
                if (adapter == uint.MaxValue || adapter == i)
                {
                    Write(json, machine.Host.Adapters[i], i);
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return text.ToArray();
    }

    private static void Write(Utf8JsonWriter json, SimulatedAdapter adapter, int number)
    {
        SimulatedAdapterStatistics counts = adapter.GetStatistics();
        json.WriteStartObject();
        json.WriteNumber("adapter", number);
        json.WriteString("state", StateOf(adapter));
        json.WriteString("mode", adapter.SubmissionMode == SubmissionMode.SubmissionQueue
            ? "sq" : "ioarrin");
        json.WriteNumber("contexts", adapter.Driver.ContextCount);
        json.WriteNumber("handles", adapter.Driver.HandleCount);
        json.WriteNumber("commands", counts.Commands);
        json.WriteNumber("failedCommands", counts.FailedCommands);
        json.WriteNumber("mediumTransfers", counts.MediumTransfers);
        json.WriteNumber("bytesRead", counts.BytesRead);
        json.WriteNumber("bytesWritten", counts.BytesWritten);
        json.WriteNumber("bytesDiscarded", counts.BytesDiscarded);
        json.WriteNumber("resets", counts.Resets);
        json.WriteStartArray("ports");
        for (int port = 0; port < adapter.PortCount; port++)
        {
            json.WriteStringValue(StateOf(adapter, port));
        }

        json.WriteEndArray();
        json.WriteStartArray("luns");
        foreach (ScsiDevice device in adapter.Driver.Devices.DistinctBy(device => device.Target))
        {
            Write(json, adapter, device);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string StateOf(SimulatedAdapter adapter) => adapter.Driver.State switch
    {
        AdapterState.Failed => "failed",
        AdapterState.Reset => "resetting",
        _ => "normal",
    };

    private static string StateOf(SimulatedAdapter adapter, int port) =>
        adapter.Driver.State == AdapterState.Failed ? "gone"
            : adapter.IsLinkUp(port) ? "up" : "down";

    private static void Write(Utf8JsonWriter json, SimulatedAdapter adapter, ScsiDevice device)
    {
        ChunkAllocator? chunks = adapter.Driver.ChunksOf(device.Target.Index);
        json.WriteStartObject();
        json.WriteNumber("lun", device.Target.Index);
        json.WriteString("path", device.Path);
        json.WriteString("wwid", InquiryData.WwidText(device));
        json.WriteNumber("blockBytes", device.Target.BlockLength);
        json.WriteNumber("blocks", device.Target.LastLba + 1);
        json.WriteString("use", chunks is null ? "none" : "virtual");
        if (chunks is not null)
        {
            json.WriteNumber("chunks", chunks.ChunkCount);
            json.WriteNumber("freeChunks", chunks.FreeCount);
        }

        json.WriteEndObject();
    }
}
