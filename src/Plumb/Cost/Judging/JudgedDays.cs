using System.Globalization;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>
/// Which days of a table are judged. Today is not: it is not over. A day that its source calls an estimate is not, each of them, unless the user asks for it; then
/// only the newest is left out, which reaches the bill for up to a day after it ended.
/// </summary>
/// <param name="Count">Days up to the last judged one.</param>
/// <param name="Known">Days up to the last that is over and, but for cents, complete: what a month has cost so far.</param>
/// <param name="IsSkipped">One for each of <paramref name="Count"/>: an estimate among judged days.</param>
/// <param name="Not">Every day that is not judged.</param>
/// <param name="Estimates">Judged days that are estimates.</param>
internal sealed record JudgedDays(int Count, int Known, bool[] IsSkipped, DateOnly[] Not, int Estimates)
{
    /// <summary>A bill is a day or two behind. When more than these were left out, what was judged says nothing of now.</summary>
    public const int MostBehind = 3;

    /// <summary>Days that are over, and newer than the newest judged one.</summary>
    public int Behind => Known - Count;

    public static JudgedDays Of(SpendTable table, DateOnly today, bool judgeEstimates)
    {
        if (table.Days == 0)
        {
            return new JudgedDays(0, 0, [], [], 0);
        }
        var newest = table.LastDay < today ? table.LastDay : today.AddDays(-1);
        bool isLeftOut(DateOnly day) => day >= today || (table.Estimated.Contains(day) && (!judgeEstimates || day == newest));
        var leftOut = Enumerable.Range(0, table.Days).Select(index => isLeftOut(table.FirstDay.AddDays(index))).ToArray();
        var count = Array.LastIndexOf(leftOut, false) + 1;
        var over = Math.Max(0, newest.DayNumber - table.FirstDay.DayNumber + 1);
        return new JudgedDays(count, over > count && table.Estimated.Contains(newest) ? Math.Max(count, over - 1) : over, leftOut[..count],
            [.. Enumerable.Range(0, table.Days).Where(index => leftOut[index]).Select(table.FirstDay.AddDays)],
            table.Estimated.Count(day => day >= table.FirstDay && day <= table.LastDay && !isLeftOut(day)));
    }

    /// <summary>2026-11-03, 2026-11-07 to 2026-11-22</summary>
    public string NotInWords()
    {
        var parts = new List<string>();
        for (var from = 0; from < Not.Length;)
        {
            var to = from;
            while (to + 1 < Not.Length && Not[to + 1] == Not[to].AddDays(1))
            {
                to++;
            }
            parts.Add(to == from ? Day(Not[from]) : $"{Day(Not[from])} to {Day(Not[to])}");
            from = to + 1;
        }
        return string.Join(", ", parts);
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
