namespace Plumb.Core.Series;

/// <summary>
/// Scores each value of any regular series as it comes, 0 to 1, knowing the past only. Several views look at the series; in each the surprise is how rare
/// the value is in that view's own history, so nothing depends on units. The surprises are added in squares: agreement counts, and one loud view is enough.
/// A row scores only when it surprises more than every row of the last <see cref="QuietRows"/>, so that one incident speaks once.
/// Memory is bounded, whatever the length of the series.
/// </summary>
public sealed class SeriesScorer
{
    /// <summary>From here on a score is worth a look. It is the one threshold that ships.</summary>
    public const double Threshold = 0.5;

    /// <summary>Rows over which only a greater surprise speaks again.</summary>
    public const int QuietRows = 180;

    /// <summary>The views that look at a series.</summary>
    internal const int Views = 8;

    /// <summary>The combined surprise, in nats, that scores one half.</summary>
    private const double HalfScoreNats = 12.45;

    internal static readonly double[] ShippedWeights = [2, 1.25, 0.5, 1.25, 0.5, 0.5, 1, 0.75];

    private readonly (ISeriesView View, SurpriseTail Tail)[] _views =
    [
        (new ChangeView(), new()),
        (new PredictionView(), new()),
        (new ShiftView(12), new()),
        (new ShiftView(36), new()),
        (new VolatilityView(12), new()),
        (new VolatilityView(36), new()),
        (new LowView(36), new()),
        (new ShapeView(), new()),
    ];

    private readonly double[] _weights;
    private readonly double[] _surprises = new double[Views];

    /// <summary>Rows and surprises of the last <see cref="QuietRows"/> that a later row has not surpassed, the greatest first.</summary>
    private readonly LinkedList<(long Row, double Surprise)> _peaks = new();

    private long _row;

    public SeriesScorer()
        : this(ShippedWeights)
    {
    }

    /// <param name="weights">One a view; a benchmark asks what others would have done.</param>
    internal SeriesScorer(double[] weights) => _weights = weights;

    /// <summary>The score of the next value: 0 for nothing new, towards 1 for what was never seen.</summary>
    /// <param name="value">A finite number.</param>
    public double Next(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "A series has finite values.");
        }
        Surprises(value, _surprises);
        return Combine(_surprises);
    }

    /// <summary>The surprise of the next value in each view, in nats.</summary>
    internal void Surprises(double value, Span<double> into)
    {
        for (var view = 0; view < _views.Length; view++)
        {
            into[view] = _views[view].Tail.Next(_views[view].View.Next(value));
        }
    }

    internal double Combine(ReadOnlySpan<double> surprises)
    {
        var squares = 0.0;
        for (var view = 0; view < surprises.Length; view++)
        {
            squares += _weights[view] * surprises[view] * surprises[view];
        }
        var combined = Math.Sqrt(squares);
        return IsNew(combined) ? combined / (combined + HalfScoreNats) : 0;
    }

    private bool IsNew(double surprise)
    {
        if (_peaks.First is { } oldest && oldest.Value.Row < _row - QuietRows)
        {
            _peaks.RemoveFirst();
        }
        var isNew = _peaks.First is not { } greatest || surprise > greatest.Value.Surprise;
        while (_peaks.Last is { } last && last.Value.Surprise <= surprise)
        {
            _peaks.RemoveLast();
        }
        _peaks.AddLast((_row++, surprise));
        return isNew;
    }
}
