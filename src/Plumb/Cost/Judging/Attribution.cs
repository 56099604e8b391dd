using Plumb.Cost.Detecting;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>
/// What an episode's excess is made of. What was expected of the service is split over its parts as they shared the four weeks before; the rest of each part is its
/// share of the excess. So the shares add up to the excess, and parts that are new stand out with all they cost.
/// </summary>
internal static class Attribution
{
    private const int PastDays = 28;
    private const int Shown = 5;

    public static IReadOnlyList<Share> Of(ServiceSpend service, Episode episode, decimal excess)
    {
        var from = Math.Max(0, episode.First - PastDays);
        var past = service.Parts.Select(part => Math.Max(0, part.Amounts[from..episode.First].Sum())).ToArray();
        var (pastTotal, actual) = (past.Sum(), service.Parts.Select(part => part.Amounts[episode.First..(episode.Last + 1)].Sum()).ToArray());
        var expected = actual.Sum() - excess;
        var exact = actual.Select((amount, part) => amount - (pastTotal == 0 ? 0 : expected * past[part] / pastTotal)).ToArray();
        if (pastTotal == 0 && expected != 0)
        {
            exact[Array.IndexOf(actual, actual.Max())] -= expected;
        }
        var shares = ToTheCent(exact, decimal.Round(excess, 2)).Select((amount, part) => new Share(service.Parts[part].Key, 1, amount))
            .OrderByDescending(share => Math.Abs(share.Excess)).ThenBy(share => share.Key!.ToString(), StringComparer.Ordinal).ToList();
        var rest = shares.Skip(Shown).ToArray();
        return rest.Length switch
        {
            0 => shares,
            1 => shares,
            _ => [.. shares.Take(Shown), new Share(null, rest.Length, rest.Sum(share => share.Excess))],
        };
    }

    /// <summary>Rounds to cents so that the sum is right: the cents that rounding down leaves over go to the parts that lost most by it.</summary>
    private static decimal[] ToTheCent(decimal[] exact, decimal total)
    {
        var rounded = Array.ConvertAll(exact, amount => decimal.Floor(amount * 100) / 100);
        var cents = (int)((total - rounded.Sum()) * 100);
        var order = Enumerable.Range(0, exact.Length).OrderByDescending(part => exact[part] - rounded[part]).ToArray();
        for (var cent = 0; cent < Math.Abs(cents); cent++)
        {
            rounded[order[cent % order.Length]] += Math.Sign(cents) * 0.01m;
        }
        return rounded;
    }
}
