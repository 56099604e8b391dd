using Plumb.Core.Acting;

namespace Plumb.Lab.Scenes;

/// <summary>One thing that breaks in the lab for a check to find.</summary>
/// <param name="Breaks">What happens, one sentence without its full stop.</param>
/// <param name="FoundBy">The command whose check fails while it is broken.</param>
/// <param name="Steps">What is done and how it is taken back, decided at a given moment.</param>
public sealed record Scene(string Name, string Breaks, string FoundBy, Func<DateTimeOffset, IReadOnlyList<PlanStep>> Steps)
{
    private const string TitlePrefix = "scene ";

    public string PlanTitle => TitlePrefix + Name;

    /// <summary>The scene of a journaled plan; null when it is another's plan.</summary>
    public static string? NameOf(Plan plan) => plan.Title.StartsWith(TitlePrefix, StringComparison.Ordinal) ? plan.Title[TitlePrefix.Length..] : null;
}

/// <summary>A scene and whether it is on.</summary>
/// <param name="Since">When it was broken; null: it is whole.</param>
public sealed record SceneState(Scene Scene, DateTimeOffset? Since);
