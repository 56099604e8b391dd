using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Lab;

/// <summary>A lab on one screen: nodes, pods, where things are, what is not real on this machine, what to try next.</summary>
internal static class LabTable
{
    public static void Write(Terminal terminal, LabSurvey survey, DateTimeOffset now)
    {
        var nodes = new Table("NODE", "STATUS", "CPU", "MEMORY", "PODS");
        foreach (var node in survey.Nodes)
        {
            nodes.Row(node.Name, new Cell(node.Status, node.Ready ? Style.Good : Style.Bad), node.Cpu, Memory(node.Memory), $"{survey.Pods.Count(pod => pod.Node == node.Name)}");
        }
        nodes.Write(terminal);
        terminal.Line();
        if (survey.Pods.Count > 0)
        {
            var pods = new Table("NAMESPACE", "POD", "READY", "STATUS", "RESTARTS", "AGE", "NODE");
            foreach (var pod in survey.Pods)
            {
                pods.Row(pod.Namespace, pod.Name, $"{pod.ReadyCount}/{pod.Containers}", new Cell(pod.Status, StyleOf(pod.Health)), $"{pod.Restarts}",
                    pod.Created is { } created ? Human.Duration(TimeSpan.FromSeconds(Math.Floor((now - created).TotalSeconds))) : "?", pod.Node ?? "none");
            }
            pods.Write(terminal);
            terminal.Line();
        }
        Places(terminal, survey.Lab);
        foreach (var missing in survey.Lab.NotEnforced)
        {
            terminal.Line(terminal.Paint($"not enforced: {missing}", Style.Warn));
        }
        terminal.Line(terminal.Paint($"{Word(survey.Outcome)}: {survey.Summary}", Style.Of(survey.Outcome)));
    }

    public static void Next(Terminal terminal)
    {
        terminal.Line();
        terminal.Line("Try next:");
        terminal.Line("  export KUBECONFIG=$(./plumb kubeconfig) && kubectl get pods -A");
        terminal.Line("  ./plumb experiment run kill-pod     delete a real pod and see what a client outside notices");
        terminal.Line("  ./plumb lab scenes                  what else can be broken, and which check finds it");
        terminal.Line("  ./plumb status                      this table again");
        terminal.Line("  ./plumb down                        end the lab");
    }

    private static void Places(Terminal terminal, LabState lab)
    {
        (string Name, string? Where)[] places =
        [
            ("console", lab.Console?.ToString()), ("payments", lab.Gateway?.ToString()), ("prometheus", lab.Prometheus?.ToString()),
            ("kubernetes", lab.Server.ToString()), ("aws", lab.Aws is { } aws ? $"{aws.Endpoint}  (plumb lab env)" : null), ("kubeconfig", lab.Kubeconfig),
            ("recorder", lab.Recorder is not null ? "on: each container's last 4,096 system calls  (plumb trace recordings)" : lab.RecorderOff is { } why ? $"off: {why}" : null),
        ];
        foreach (var (name, where) in places.Where(place => place.Where is not null))
        {
            terminal.Line($"{name,-11} {where}");
        }
    }

    /// <summary>Ki as Kubernetes reports it is hard to read.</summary>
    private static string Memory(string quantity) =>
        quantity.EndsWith("Ki", StringComparison.Ordinal) && long.TryParse(quantity[..^2], System.Globalization.CultureInfo.InvariantCulture, out var kibibytes) ? Human.Bytes(kibibytes * 1024) : quantity;

    private static Style StyleOf(string health) => health switch { "ok" or "done" => Style.Good, "bad" => Style.Bad, _ => Style.Warn };

    private static string Word(Outcome outcome) => outcome switch { Outcome.Pass => "pass", Outcome.Fail => "FAIL", Outcome.Inconclusive => "not yet", _ => "error" };
}
