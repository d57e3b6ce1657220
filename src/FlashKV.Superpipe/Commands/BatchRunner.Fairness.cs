namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Who may claim when command blocks or rooms are short. A thread that keeps a large batch going
/// claims a block the moment that it has freed it, and could keep others from ever getting one. So
/// a batch with nothing in flight that finds none is <i>hungry</i>, and while somebody is, a batch
/// with commands in flight claims nothing more, and one that has just begun lets a few rounds pass.
/// </summary>
/// <remarks>
/// Nobody waits for a hungry batch for longer than that: commands in flight end, and then a batch
/// may claim as well as any other. So a hungry thread that does not run holds up nobody.
/// </remarks>
internal unsafe partial struct BatchRunner<TRegisters>
{
    /// <summary>The rounds that a batch with nothing in flight leaves to hungry ones.</summary>
    internal const int MaxStandBacks = 16;

    private bool MustStandBack() =>
        !_isHungry && (InFlight > 0 || _stoodBack++ < MaxStandBacks);

    // Blocks or rooms have been asked for in vain.
    private void NoteHunger()
    {
        if (_isHungry || _isStopped || InFlight > 0)
            return;

        _isHungry = true;
        _queue.AddHungry(1);
    }

    private void Sate()
    {
        _stoodBack = 0;
        if (!_isHungry)
            return;

        _isHungry = false;
        _queue.AddHungry(-1);
    }
}
