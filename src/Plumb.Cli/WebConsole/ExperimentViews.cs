namespace Plumb.Cli.WebConsole;

/// <summary>One experiment of the catalogue. <c>Unavailable</c> says why it cannot run here, or is null.</summary>
internal sealed record ExperimentView(string Name, string Title, string Summary, string? Unavailable);

internal sealed record PlanStepView(string What, string Undo);

/// <summary>What a run would do. It is bound to <c>PlanId</c>: only a plan that was shown can be confirmed.</summary>
internal sealed record PlanView(
    string PlanId,
    string Experiment,
    string Title,
    string Target,
    string Hypothesis,
    string? Measured,
    string BlastRadius,
    IReadOnlyList<PlanStepView> Steps,
    IReadOnlyList<string> Warnings);

/// <summary><c>AtMs</c>: milliseconds since the run began.</summary>
internal sealed record ProgressView(double AtMs, string Phase, string Text);

internal sealed record MeasureView(string Label, string Value, string? Note);

/// <summary><c>AtMs</c>: milliseconds since the fault; negative before it.</summary>
internal sealed record MomentView(double AtMs, string Source, string Text);

/// <summary>One claim of the hypothesis before, during and after the fault; null where it was not measured.</summary>
internal sealed record ClaimView(string Claim, string? Before, string? During, string? After, string? Detail);

internal sealed record FindingView(string Severity, string Summary);

/// <summary>
/// How a run ended. <c>Outcome</c> is pass, fail, inconclusive or error. Downtime and its bound are milliseconds; null means not measured,
/// which is not zero.
/// </summary>
internal sealed record ResultView(
    string Outcome,
    string Headline,
    double? DowntimeMs,
    double? DowntimeBoundMs,
    IReadOnlyList<MeasureView> Measures,
    IReadOnlyList<FindingView> Findings,
    IReadOnlyList<ClaimView> Hypothesis,
    IReadOnlyList<MomentView> Sequence,
    string? Undo,
    IReadOnlyList<string> BlindSpots,
    string? Trap,
    string? Fix,
    string? Decision,
    string? Evidence);

/// <summary><c>State</c> is running, undoing or finished.</summary>
internal sealed record RunView(
    string Id,
    string Experiment,
    string Title,
    string State,
    DateTimeOffset StartedAt,
    IReadOnlyList<ProgressView> Progress,
    ResultView? Result);

internal sealed record ConfirmRequest(string? PlanId, bool Confirm);

internal sealed record ExperimentList(IReadOnlyList<ExperimentView> Experiments);
