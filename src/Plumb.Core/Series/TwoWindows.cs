namespace Plumb.Core.Series;

/// <summary>The mean of the last rows beside mean and variance of the thousand rows before them, from running sums.</summary>
internal sealed class TwoWindows(int recent)
{
    private const int Before = 1000;

    private readonly (double Sum, double Squares)[] _sums = new (double, double)[recent + Before + 1];
    private int _rows;

    /// <summary>What stands in the two windows after this value; null until the earlier one is at least as long as the recent one.</summary>
    public Windows? Next(double value)
    {
        var (sum, squares) = At(_rows);
        _rows++;
        var now = (Sum: sum + value, Squares: squares + (value * value));
        _sums[_rows % _sums.Length] = now;
        var boundary = _rows - recent;
        var first = Math.Max(0, boundary - Before);
        if (boundary - first < recent)
        {
            return null;
        }
        var (middle, start) = (At(boundary), At(first));
        var rows = boundary - first;
        var mean = (middle.Sum - start.Sum) / rows;
        return new Windows((now.Sum - middle.Sum) / recent, mean, Math.Max(0, ((middle.Squares - start.Squares) / rows) - (mean * mean)));
    }

    private (double Sum, double Squares) At(int row) => _sums[row % _sums.Length];

    public sealed record Windows(double Recent, double Before, double BeforeVariance);
}
