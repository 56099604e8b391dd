using System.CommandLine;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;

namespace Plumb.Cli.Commands.Experiment;

/// <summary>The options that say which cluster, and what is allowed there.</summary>
internal sealed class TargetOptions
{
    private readonly Option<string?> _context = new("--context") { Description = "a cluster of your kubeconfig instead of the lab", HelpName = "NAME" };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "the kubeconfig to take the context from (default: $KUBECONFIG, ~/.kube/config)", HelpName = "FILE" };
    private readonly Option<string[]> _allow = new("--allow-namespace") { Description = "a namespace where the experiment may act; needed on every cluster but the lab", HelpName = "NAMESPACE" };
    private readonly Option<bool> _process = new("--allow-process") { Description = "let the file run programs on this machine (provider type process)" };

    public IReadOnlyList<Option> All => [_context, _kubeconfig, _allow, _process];

    public ExperimentTarget Read(Invocation call) => new(call.Get(_kubeconfig), call.Get(_context), call.Get(_allow) ?? [], call.Get(_process));
}
