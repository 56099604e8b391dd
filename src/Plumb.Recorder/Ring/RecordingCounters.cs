namespace Plumb.Recorder.Ring;

/// <summary>What a recording counted, so that nothing is missing silently.</summary>
/// <param name="Recorded">Calls that began while it was on.</param>
/// <param name="Overwritten">Calls that the ring held no longer when it was read.</param>
/// <param name="LostReturns">Calls whose return is not known although they returned.</param>
/// <param name="Torn">Slots that were being overwritten in the instant they were read or completed.</param>
/// <param name="Compat">32-bit calls, which are counted but not recorded.</param>
/// <param name="Yields">Calls of sched_yield, which the recorder that is always on only counts: a spinning thread pool would fill the ring with them.</param>
public sealed record RecordingCounters(ulong Recorded, ulong Overwritten, ulong LostReturns, ulong Torn, ulong Compat, ulong Yields = 0);
