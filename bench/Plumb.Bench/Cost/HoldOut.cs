using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.Bench.Cost;

/// <summary>bench/run cost --hold-out SEEDS [--nab DIRECTORY]: the same simulation on seeds that nothing was tuned with, and NAB with each category left out in turn.</summary>
internal static class HoldOut
{
    public static JsonObject Run(string seeds, string? nab, Action<string> say)
    {
        var runs = seeds.Split(',').Select(seed => int.Parse(seed, CultureInfo.InvariantCulture)).Select(seed => (Seed: seed, Rows: CostBench.Simulate(1000, seed, say))).ToArray();
        var measured = new JsonObject { ["seeds"] = new JsonObject([.. runs.Select(run => KeyValuePair.Create(run.Seed.ToString(CultureInfo.InvariantCulture), (JsonNode?)run.Rows))]) };
        if (nab is not null)
        {
            measured["nab"] = NabHoldOut.Of(nab, say);
        }
        return measured;
    }
}
