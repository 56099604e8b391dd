namespace Plumb.Core.Series;

/// <summary>
/// How rare a value is among the last values of its own kind, in nats: −ln of the share that was at least as great. A value beyond everything seen grows
/// further with the logarithm of its distance, so that a record by far is more than a record by a little.
/// </summary>
internal sealed class SurpriseTail
{
    /// <summary>Values that are remembered; older ones are forgotten, so that a series may change its ways.</summary>
    public const int Memory = 4000;

    /// <summary>Below this many values nothing is rare.</summary>
    private const int Fewest = 30;

    private const double BulkShare = 0.9;
    private const double BeyondWeight = 2;

    private readonly double[] _sorted = new double[Memory + 1];
    private readonly Queue<double> _order = new();
    private int _count;

    /// <summary>The surprise of a value, which is remembered afterwards.</summary>
    public double Next(double value)
    {
        var surprise = Of(value);
        Add(value);
        return surprise;
    }

    private double Of(double value)
    {
        if (_count < Fewest)
        {
            return 0;
        }
        var atLeast = _count - Position(value);
        var surprise = Math.Log((_count + 1.0) / (atLeast + 1.0));
        if (atLeast > 0)
        {
            return surprise;
        }
        var (greatest, bulk) = (_sorted[_count - 1], _sorted[(int)(_count * BulkShare)]);
        var scale = greatest - bulk > 1e-12 ? greatest - bulk : Math.Max(1e-9, Math.Abs(greatest));
        return surprise + (BeyondWeight * Math.Log(1 + ((value - greatest) / scale)));
    }

    private void Add(double value)
    {
        var at = Position(value);
        Array.Copy(_sorted, at, _sorted, at + 1, _count - at);
        _sorted[at] = value;
        _count++;
        _order.Enqueue(value);
        if (_count > Memory)
        {
            var oldest = Position(_order.Dequeue());
            Array.Copy(_sorted, oldest + 1, _sorted, oldest, _count - oldest - 1);
            _count--;
        }
    }

    /// <summary>Where the first value that is not smaller stands.</summary>
    private int Position(double value)
    {
        var (low, high) = (0, _count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
