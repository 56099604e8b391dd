using System.CommandLine;
using Plumb.Cli.Framework;

namespace Plumb.Cli.Cost;

/// <param name="Sources">lab, context, cloudtrail; empty: none. Null: those that belong to the bill.</param>
internal sealed record ChangeChoice(IReadOnlyList<string>? Sources, string? Context, string? Kubeconfig);

/// <summary>The options that say who is asked what changed when an episode began.</summary>
internal sealed class ChangeOptions
{
    public const string Auto = "auto";
    public const string None = "none";
    public const string Lab = "lab";
    public const string OfContext = "context";
    public const string CloudTrail = "cloudtrail";

    private readonly Option<string[]> _changes = new("--changes")
    {
        Description = "who is asked what changed when an episode began: lab or context (rollouts of that cluster), cloudtrail, none; several times for several. Default auto: "
            + "CloudTrail for a bill of Cost Explorer, the lab's rollouts for the lab's bill, and a cluster named with --context",
        HelpName = "SOURCE",
    };

    private readonly Option<string?> _context = new("--context") { Description = "the cluster of your kubeconfig whose rollouts are looked at", HelpName = "NAME" };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "the kubeconfig to take the context from (default: $KUBECONFIG, ~/.kube/config)", HelpName = "FILE" };

    public ChangeOptions() => _changes.AcceptOnlyFromAmong(Auto, None, Lab, OfContext, CloudTrail);

    public IReadOnlyList<Option> All => [_changes, _context, _kubeconfig];

    public ChangeChoice Read(Invocation call)
    {
        var named = call.Get(_changes) ?? [];
        return new ChangeChoice(named.Length == 0 || named.Contains(Auto) ? null : [.. named.Where(source => source != None).Distinct()], call.Get(_context), call.Get(_kubeconfig));
    }
}
