namespace Plumb.Drift.States;

/// <summary>What was read of one state. Its lineage tells copies apart and is never shown.</summary>
/// <param name="Bytes">Read to the end.</param>
/// <param name="Resources">Managed instances, of every type.</param>
/// <param name="Judged">Those of a type that drift knows.</param>
/// <param name="Types">The types of those.</param>
/// <param name="DataSources">Instances of <c>data</c>, which nobody manages.</param>
public sealed record StateSummary(string Name, string? TerraformVersion, long Serial, string? Lineage, long Bytes, int Resources, int Judged, int DataSources, IReadOnlyList<string> Types);
