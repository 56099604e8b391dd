namespace Plumb.Core.Metrics;

/// <summary>A double that many threads add to without a lock.</summary>
internal sealed class AtomicDouble
{
    private double _value;

    public double Value => Volatile.Read(ref _value);

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Add(double amount)
    {
        var seen = Volatile.Read(ref _value);
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + amount, seen);
            // Bits, not ==: a gauge that was set to NaN must not spin here for ever.
            if (BitConverter.DoubleToInt64Bits(before) == BitConverter.DoubleToInt64Bits(seen))
            {
                return;
            }
            seen = before;
        }
    }
}
