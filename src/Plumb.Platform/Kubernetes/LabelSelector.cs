using System.Text.Json;

namespace Plumb.Platform.Kubernetes;

/// <summary>A selector as objects carry it (matchLabels, matchExpressions), applied here.</summary>
public static class LabelSelector
{
    /// <summary>True when the object matches all of it. An empty selector matches everything, an absent one nothing (policy/v1).</summary>
    public static bool Matches(JsonElement selector, KubeObject item)
    {
        if (selector.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        var labels = selector.Field("matchLabels");
        return (labels.ValueKind != JsonValueKind.Object || labels.EnumerateObject().All(label => item.Label(label.Name) == label.Value.GetString()))
            && selector.Items("matchExpressions").All(expression => Holds(expression, item));
    }

    private static bool Holds(JsonElement expression, KubeObject item)
    {
        var value = item.Label(expression.Text("key") ?? "");
        var isListed = value is not null && expression.Items("values").Any(listed => listed.GetString() == value);
        return expression.Text("operator") switch
        {
            "In" => isListed,
            "NotIn" => !isListed,
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            // An operator of a later version: taken as a match, so that a budget is rather respected than overlooked.
            _ => true,
        };
    }
}
