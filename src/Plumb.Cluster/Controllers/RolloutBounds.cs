using System.Globalization;
using System.Text.Json;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>How far a rolling update may go above and below the number of replicas asked for.</summary>
/// <param name="MaxSurge">Pods above it; a percentage is rounded up.</param>
/// <param name="MaxUnavailable">Pods below it; a percentage is rounded down, and 1 when both would be 0.</param>
internal sealed record RolloutBounds(int MaxSurge, int MaxUnavailable)
{
    public static RolloutBounds Of(DeploymentSpec spec)
    {
        if (spec.Strategy.Type != "RollingUpdate")
        {
            return new RolloutBounds(0, 0);
        }
        var surge = Resolve(spec.Strategy.RollingUpdate?.MaxSurge, spec.Replicas, roundUp: true) ?? 1;
        var unavailable = Resolve(spec.Strategy.RollingUpdate?.MaxUnavailable, spec.Replicas, roundUp: false) ?? 1;
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }
        return new RolloutBounds(surge, Math.Min(unavailable, spec.Replicas));
    }

    /// <summary>An absolute number, or a percentage of <paramref name="total"/>; null when the value is absent or unreadable.</summary>
    public static int? Resolve(JsonElement? value, int total, bool roundUp)
    {
        if (value is { ValueKind: JsonValueKind.Number } number)
        {
            return number.TryGetInt32(out var whole) ? Math.Max(whole, 0) : null;
        }
        if (value is not { ValueKind: JsonValueKind.String } text || text.GetString() is not { } given)
        {
            return null;
        }
        if (!given.EndsWith('%') || !int.TryParse(given.AsSpan(0, given.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
        {
            return null;
        }
        var exact = (double)percent * total / 100;
        return (int)(roundUp ? Math.Ceiling(exact) : Math.Floor(exact));
    }
}
