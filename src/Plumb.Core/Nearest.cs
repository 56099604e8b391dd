namespace Plumb.Core;

/// <summary>Finds the word that somebody probably meant.</summary>
public static class Nearest
{
    /// <summary>
    /// The candidate with the smallest Damerau-Levenshtein distance (optimal string alignment) to the word, or null when none is
    /// near: at most a third of the word's letters, and at least one, may differ.
    /// </summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        var limit = Math.Max(1, word.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            var distance = Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < limit || (best is null && word.Length >= 2 && candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase)))
            {
                (best, limit) = (candidate, Math.Min(distance, limit));
            }
        }
        return best;
    }

    /// <summary>" Did you mean 'x'?", or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) => To(word, candidates) is { } near ? $" Did you mean '{near}'?" : "";

    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            cost[i, 0] = i;
        }
        for (var j = 0; j <= b.Length; j++)
        {
            cost[0, j] = j;
        }
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j] + 1, cost[i, j - 1] + 1), cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }
        return cost[a.Length, b.Length];
    }
}
