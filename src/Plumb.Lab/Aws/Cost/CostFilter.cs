using System.Text.Json.Nodes;

namespace Plumb.Lab.Aws.Cost;

/// <summary>Cost Explorer's filter expressions over the dimensions that the lab's bill has.</summary>
internal static class CostFilter
{
    private const int MostDepth = 10;

    public static Func<BillLine, bool> Read(JsonObject? expression, JsonInput input, int depth = 0)
    {
        if (expression is null)
        {
            return static _ => true;
        }
        if (depth == MostDepth || expression.Count != 1)
        {
            throw input.Wrong("Expression has exactly one of And, Or, Not, Dimensions");
        }
        var (kind, value) = expression.First();
        switch (kind)
        {
            case "And" or "Or" when value is JsonArray { Count: > 1 } parts:
                var all = parts.Select(part => Read(part as JsonObject, input, depth + 1)).ToList();
                return kind == "And" ? line => all.TrueForAll(each => each(line)) : line => all.Exists(each => each(line));
            case "Not" when value is JsonObject inner:
                var not = Read(inner, input, depth + 1);
                return line => !not(line);
            case "Dimensions" when value is JsonObject dimension:
                var of = Dimension((string?)dimension["Key"], input);
                if (dimension["MatchOptions"] is JsonArray options && options.Any(option => (string?)option is not ("EQUALS" or "CASE_SENSITIVE")))
                {
                    throw input.Wrong("The lab's AWS matches dimensions with EQUALS and CASE_SENSITIVE only");
                }
                var values = dimension["Values"] is JsonArray list ? list.Select(item => (string?)item).ToHashSet() : throw input.Wrong("Values is required");
                return line => values.Contains(of(line));
            default:
                throw input.Wrong($"The lab's AWS has no filter {kind}");
        }
    }

    public static Func<BillLine, string> Dimension(string? key, JsonInput input) => key switch
    {
        "SERVICE" => line => line.Service,
        "REGION" => line => line.Region,
        "USAGE_TYPE" => line => line.UsageType,
        "LINKED_ACCOUNT" => line => line.Account,
        "RECORD_TYPE" => _ => "Usage",
        _ => throw input.Wrong($"The lab's bill has the dimensions SERVICE, REGION, USAGE_TYPE, LINKED_ACCOUNT and RECORD_TYPE, not {key}"),
    };
}
