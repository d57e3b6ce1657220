using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Import;

/// <summary>Carries records from a reader into a store, in the order of the input.</summary>
internal sealed class Importer(
    FlashStore store, RecordReader reader, ImportInput input, ToolEnvironment environment)
{
    private const int ReportEvery = 256;

    // How often it is noted what is on stable storage, so that a failure can say so.
    private const int MarkEvery = 1 << 16;

    private long _imported;
    private long _skipped;
    private long _bytes;
    private long _acknowledged;
    private long _flushed;

    /// <summary>
    /// Reads to the end, or until a signal comes. Whatever ends it, all records before that point
    /// are written, none behind it is, and they are durable unless buffered writes were asked for.
    /// </summary>
    /// <exception cref="ToolException">
    /// A bad record that was not to be skipped, an input that cannot be read further, or a store
    /// that takes no more; it says what has become of the records before.
    /// </exception>
    public ImportSummary Run(ImportSettings settings, IProgressSink progress)
    {
        long keysBefore = store.GetStatistics().Keys;
        Exception? failure = null;
        bool reachedEnd = false;
        try
        {
            reachedEnd = ReadAll(settings, progress);
        }
        catch (Exception problem) when (problem is not BrokenPipeException)
        {
            failure = problem;
        }

        try
        {
            Acknowledge(settings);
        }
        catch (Exception problem) when (problem is not BrokenPipeException)
        {
            throw Failure(failure ?? problem, BeforeFault());
        }

        if (failure is not null)
        {
            throw Failure(failure, Before());
        }

        long overwrote = _imported - (store.GetStatistics().Keys - keysBefore);
        return new(_imported, _skipped, overwrote, _bytes, Stopped: !reachedEnd);
    }

    /// <summary>False if a signal ended it.</summary>
    private bool ReadAll(ImportSettings settings, IProgressSink progress)
    {
        while (!environment.Stop.IsCancellationRequested)
        {
            if (ReadRecord() is not ReadResult result)
            {
                return false;
            }

            if (result == ReadResult.End)
            {
                return true;
            }

            if (FindProblem(result) is string problem)
            {
                RefuseOrSkip(problem, settings, progress);
            }
            else
            {
                WriteRecord(settings);
            }

            if ((_imported + _skipped) % ReportEvery == 0)
            {
                progress.Report(_imported, reader.BytesConsumed);
            }
        }

        return false;
    }

    /// <summary>Null if a signal came while the input kept us waiting.</summary>
    private ReadResult? ReadRecord()
    {
        try
        {
            return reader.Read();
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (ToolException failure)
        {
            throw new ToolException(failure.ExitCode, At(failure.Message), failure);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            string message = At($"cannot be read: {FailureReport.Message(failure)}");
            throw new ToolException(FailureReport.Code(failure), message, failure);
        }
    }

    private void RefuseOrSkip(string problem, ImportSettings settings, IProgressSink progress)
    {
        if (!settings.SkipBad)
        {
            throw new ToolException(ExitCode.DataError, At(problem));
        }

        progress.Say($"{At(problem)}; skipped");
        _skipped++;
    }

    private string? FindProblem(ReadResult result)
    {
        if (result == ReadResult.Bad)
        {
            return reader.Problem;
        }

        long length = (long)reader.Key.Length + reader.Value.Length;
        return length <= store.MaxRecordLength ? null
            : $"key and value have {length:N0} bytes, more than the {store.MaxRecordLength:N0} "
                + "of this store";
    }

    private void WriteRecord(ImportSettings settings)
    {
        try
        {
            store.Put(reader.Key.Span, reader.Value.Span, Durability.Buffered);
        }
        catch (StoreFullException full)
        {
            // A full store still flushes what it took, so what came before is not lost.
            throw new ToolException(ExitCode.InputOutput, At(FailureReport.Message(full)), full);
        }

        _bytes += reader.Key.Length + reader.Value.Length;
        _imported++;
        if (settings.AcknowledgeEvery is int every && _imported % every == 0)
        {
            Acknowledge(settings);
        }
        else if (!settings.Buffered && _imported % MarkEvery == 0)
        {
            Flush();
        }
    }

    private void Flush()
    {
        store.Flush();
        _flushed = _imported;
    }

    private void Acknowledge(ImportSettings settings)
    {
        if (!settings.Buffered)
        {
            Flush();
        }

        bool isNews = _acknowledged < _imported;
        _acknowledged = _imported;
        if (isNews && settings.AcknowledgeEvery is not null)
        {
            environment.WriteLine($"acked {_imported}");
        }
    }

    private static ToolException Failure(Exception failure, string before) =>
        failure is ToolException tool
            ? new ToolException(tool.ExitCode, $"{tool.Message}; {before}", tool)
            : new ToolException(
                FailureReport.Code(failure),
                $"{FailureReport.Message(failure)}; {before}",
                failure);

    private string At(string problem) => $"{input.Name}:{reader.LineNumber}: {problem}";

    private string Before() => _imported switch
    {
        0 => "no record is imported",
        1 => "the 1 record before it is imported",
        _ => $"the {_imported:N0} records before it are imported",
    };

    // The store takes no more and flushes no more, but what it took is in the staging file.
    private string BeforeFault() =>
        $"of the {_imported:N0} records before it the first {_flushed:N0} are on stable storage; "
        + "the others are there when the store is opened again, unless the machine stops first";
}
