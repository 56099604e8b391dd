namespace Plumb.Core.Series;

/// <summary>One way of looking at a series: each value becomes a number that is great when something is unusual in that way. It sees the past only.</summary>
internal interface ISeriesView
{
    double Next(double value);
}

/// <summary>How far the value moved since the one before.</summary>
internal sealed class ChangeView : ISeriesView
{
    private double? _previous;

    public double Next(double value)
    {
        var change = Math.Abs(value - (_previous ?? value));
        _previous = value;
        return change;
    }
}

/// <summary>
/// The distance from an exponentially weighted mean, in units of the usual distance. Both learn from clipped distances, so that one wild value neither drags the mean
/// along nor hides the next.
/// </summary>
internal sealed class PredictionView : ISeriesView
{
    private const double LevelRate = 0.3;
    private const double ScaleRate = 0.01;
    private const double Clip = 6;
    private const int NoScoreRows = 10;
    private const int NoClipRows = 50;

    private double _level = double.NaN;
    private double _scale;
    private int _rows;

    public double Next(double value)
    {
        _level = double.IsNaN(_level) ? value : _level;
        var error = value - _level;
        var distance = Math.Abs(error);
        var score = _rows < NoScoreRows ? 0 : distance / (_scale + 1e-9 + (1e-6 * Math.Abs(_level)));
        var limit = _scale > 0 && _rows > NoClipRows ? Clip * _scale : double.PositiveInfinity;
        _scale += ScaleRate * (Math.Min(distance, limit) - _scale);
        limit = _scale > 0 && _rows > NoClipRows ? Clip * _scale : double.PositiveInfinity;
        _level += LevelRate * Math.Clamp(error, -limit, limit);
        _rows = Math.Min(_rows + 1, NoClipRows + 1);
        return score;
    }
}

/// <summary>How far the mean of the last rows is from the mean of the many before them, in standard deviations of those.</summary>
internal sealed class ShiftView(int recent) : ISeriesView
{
    private readonly TwoWindows _windows = new(recent);
    private double? _origin;

    public double Next(double value)
    {
        // Sums of squares lose their digits far from zero.
        _origin ??= value;
        return _windows.Next(value - _origin.Value) is { } seen
            ? Math.Abs(seen.Recent - seen.Before) / (Math.Sqrt(seen.BeforeVariance) + (1e-6 * (Math.Abs(seen.Before) + 1e-6)))
            : 0;
    }
}

/// <summary>How much more, or less, the last rows move from one to the next than the many before them: the ratio's logarithm, either way.</summary>
internal sealed class VolatilityView(int recent) : ISeriesView
{
    private readonly TwoWindows _windows = new(recent);
    private readonly ChangeView _change = new();

    public double Next(double value) => _windows.Next(_change.Next(value)) is { } seen
        ? Math.Abs(Math.Log((seen.Recent + 1e-9 + (0.01 * seen.Before)) / (seen.Before + 1e-9)))
        : 0;
}

/// <summary>How low the mean of the last rows is: something that stopped.</summary>
internal sealed class LowView(int recent) : ISeriesView
{
    private readonly Queue<double> _values = new();
    private double _sum;

    public double Next(double value)
    {
        _values.Enqueue(value);
        _sum += value;
        if (_values.Count > recent)
        {
            _sum -= _values.Dequeue();
        }
        return -_sum / _values.Count;
    }
}

/// <summary>How unlike the shape of the last few rows is to every shape before: the Euclidean distance to the tenth nearest.</summary>
internal sealed class ShapeView : ISeriesView
{
    private const int Length = 10;
    private const int Neighbours = 10;
    private const int Memory = 1500;

    private readonly double[] _values = new double[4 * Memory];
    private readonly double[] _nearest = new double[Neighbours];
    private int _count;

    public double Next(double value)
    {
        if (_count == _values.Length)
        {
            _count = Memory + Length;
            Array.Copy(_values, _values.Length - _count, _values, 0, _count);
        }
        _values[_count++] = value;
        var shape = _values.AsSpan(Math.Max(0, _count - Length), Math.Min(Length, _count));
        var (known, first) = (0, Math.Max(0, _count - Memory - Length));
        for (var at = first; at + Length <= _count - Length; at++)
        {
            var limit = known < Neighbours ? double.PositiveInfinity : _nearest[^1];
            var distance = SquaredDistance(shape, _values.AsSpan(at, Length), limit);
            if (distance < limit)
            {
                known = Insert(distance, known);
            }
        }
        return known == Neighbours ? Math.Sqrt(_nearest[^1]) : 0;
    }

    private int Insert(double distance, int known)
    {
        var place = Math.Min(known, Neighbours - 1);
        for (; place > 0 && _nearest[place - 1] > distance; place--)
        {
            _nearest[place] = _nearest[place - 1];
        }
        _nearest[place] = distance;
        return Math.Min(known + 1, Neighbours);
    }

    private static double SquaredDistance(ReadOnlySpan<double> one, ReadOnlySpan<double> other, double limit)
    {
        var sum = 0.0;
        for (var i = one.Length - 1; i >= 0 && sum <= limit; i--)
        {
            sum += (one[i] - other[i]) * (one[i] - other[i]);
        }
        return sum;
    }
}
