using System.Text.Json;

namespace Plumb.Drift.States;

/// <summary>One instance of a managed resource in a state, while it is read; its attributes are gone afterwards.</summary>
/// <param name="IsTainted">The next apply replaces it.</param>
/// <param name="IsDeposed">It is a leftover that the next apply destroys.</param>
/// <param name="Sensitive">Names of attributes whose values nobody may print.</param>
internal readonly record struct StateInstance(string Type, ResourceOrigin Origin, bool IsTainted, bool IsDeposed, IReadOnlySet<string> Sensitive, JsonElement Attributes)
{
    public string Address => Origin.Address;
}
