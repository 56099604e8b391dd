using System.Globalization;
using System.Text.Json.Serialization;
using Plumb.Core;

namespace Plumb.Doctor;

public enum Health
{
    [JsonStringEnumMemberName("ok")]
    Ok = 0,

    /// <summary>It works with a restriction that is named.</summary>
    [JsonStringEnumMemberName("limited")]
    Limited = 1,

    [JsonStringEnumMemberName("missing")]
    Missing = 2,
}

/// <summary>One thing that this machine has or lacks.</summary>
/// <param name="Detail">What was found, or what its lack means.</param>
/// <param name="Remedy">The exact command or step that mends it; null when nothing is wrong or nothing can be done.</param>
/// <param name="Package">The Debian package that has it, when it is missing and there is one.</param>
public sealed record Item(string Name, Health Health, string Detail, string? Remedy = null, string? Package = null);

/// <summary>One thing that Plumb can do, judged by what it needs.</summary>
/// <param name="Needs">Names of the items that it rests on.</param>
/// <param name="Because">The items that prevent it, or, when nothing does, those that restrict it; empty when all is well.</param>
public sealed record Capability(string Name, Health Health, IReadOnlyList<string> Needs, IReadOnlyList<string> Because);

/// <summary>What this machine has, what each capability needs, and how to mend what is missing.</summary>
/// <param name="Install">The one command that installs every missing package; null when none is missing.</param>
public sealed record Diagnosis(Outcome Outcome, string Summary, string System, string Home, IReadOnlyList<Item> Items, IReadOnlyList<Capability> Capabilities, string? Install)
{
    private const long LeastDisk = 1L << 30;
    private const long LeastMemory = 1L << 30;
    private const int Sdk = 10;
    private const int Node = 18;

    private static readonly string[] LimitControllers = ["cpu", "memory", "pids"];

    /// <summary>Judges the facts.</summary>
    public static Diagnosis Of(MachineFacts facts)
    {
        Item[] items = [.. Kernel(facts), .. Programs(facts)];
        Capability[] capabilities =
        [
            Judge(items, "lab", "state directory", "disk", "memory", "loopback addresses", "root", "cgroups", "namespaces", "overlay", "busybox"),
            Judge(items, "flight recorder", "eBPF"),
            Judge(items, "payments system", "state directory", "disk", "memory", "loopback addresses", "root", "PostgreSQL", "Prometheus", "busybox"),
            Judge(items, "web console", "web console"),
            Judge(items, "building Plumb", ".NET SDK", "Node.js", "npm"),
            Judge(items, "kubectl by hand", "kubectl"),
        ];
        var packages = items.Select(item => item.Package).OfType<string>().Distinct().ToArray();
        var install = packages.Length == 0 ? null : $"{(facts.IsRoot ? "" : "sudo ")}apt-get install --no-install-recommends {string.Join(' ', packages)}";
        var worst = capabilities.Max(capability => capability.Health);
        var summary = worst switch
        {
            Health.Ok => "everything works here",
            Health.Limited => $"works with restrictions: {string.Join(", ", Named(capabilities, Health.Limited))}",
            _ => $"does not work yet: {string.Join(", ", Named(capabilities, Health.Missing))}",
        };
        return new Diagnosis(worst == Health.Missing ? Outcome.Fail : Outcome.Pass, summary, facts.System, facts.Home, items, capabilities, install);
    }

    private static IEnumerable<string> Named(Capability[] capabilities, Health health) =>
        capabilities.Where(capability => capability.Health == health).Select(capability => capability.Name);

    private static Capability Judge(Item[] items, string name, params string[] needs)
    {
        var found = needs.Select(need => Array.Find(items, item => item.Name == need) ?? throw new ArgumentException($"no item '{need}'", nameof(needs))).ToArray();
        var health = found.Max(item => item.Health);
        return new Capability(name, health, needs, [.. found.Where(item => item.Health == health && health != Health.Ok).Select(item => item.Name)]);
    }

    private static IEnumerable<Item> Kernel(MachineFacts facts)
    {
        yield return facts.HomeProblem is null
            ? new Item("state directory", Health.Ok, facts.Home)
            : new Item("state directory", Health.Missing, $"{facts.Home}: {facts.HomeProblem}", "export PLUMB_HOME=/a/directory/that/you/may/write/to");
        if (facts.ForeignPlans is [var left, ..])
        {
            yield return new Item("journal", Health.Limited, $"{left.What}{(facts.ForeignPlans.Count > 1 ? $"; and {facts.ForeignPlans.Count - 1} more" : "")}", left.Remedy);
        }
        yield return Enough("disk", facts.DiskFreeBytes, LeastDisk, $"free at {facts.Home}", "free some space, or set PLUMB_HOME to a directory on another disk");
        yield return Enough("memory", facts.MemoryAvailableBytes, LeastMemory, "available", "end other programs");
        yield return facts.Loopback is null
            ? new Item("loopback addresses", Health.Ok, "each pod gets one of its own in 127.0.0.0/8")
            : new Item("loopback addresses", Health.Missing, facts.Loopback, "ip link set lo up");
        yield return facts.IsRoot
            ? new Item("root", Health.Ok, "pods run in their own cgroups and namespaces")
            : new Item("root", Health.Limited, "without it pods are plain processes: no limits, no private file system", "run 'sudo ./plumb up'");
        yield return Cgroups(facts);
        yield return facts.Namespaces is null
            ? new Item("namespaces", Health.Ok, "own process and mount namespaces")
            : new Item("namespaces", Health.Limited, $"pods see the machine's processes and mounts: {facts.Namespaces}", facts.IsRoot ? null : "run as root");
        yield return facts.Overlay
            ? new Item("overlay", Health.Ok, "each pod writes to a root of its own")
            : new Item("overlay", Health.Limited, "the kernel has no overlay file system: pods share the machine's files", "modprobe overlay");
        yield return facts.Recorder is null
            ? new Item("eBPF", Health.Ok, "the kernel takes the recorder's programs")
            : new Item("eBPF", Health.Limited, $"no container's calls are recorded by themselves: {facts.Recorder.What}", facts.Recorder.Remedy);
    }

    private static Item Cgroups(MachineFacts facts)
    {
        var all = facts.CgroupV1.Union(facts.CgroupV2 ?? new HashSet<string>()).ToHashSet();
        var mounted = (facts.CgroupV1.Count > 0, facts.CgroupV2 is not null) switch
        {
            (true, true) => "v1 and v2",
            (true, false) => "v1",
            (false, true) => "v2",
            _ => "not mounted",
        };
        var lacking = LimitControllers.Where(controller => !all.Contains(controller)).ToArray();
        return lacking.Length == 0
            ? new Item("cgroups", Health.Ok, $"{mounted}, with {string.Join(", ", LimitControllers)}")
            : new Item("cgroups", Health.Limited, $"{mounted}, without {string.Join(", ", lacking)}: those limits are not enforced");
    }

    private static IEnumerable<Item> Programs(MachineFacts facts)
    {
        yield return Program("PostgreSQL", facts.Postgres, "the ledger's database", "postgresql");
        yield return Program("Prometheus", facts.Prometheus, "measures the payments system", "prometheus");
        yield return Program("busybox", facts.Busybox, "the image of small pods", "busybox");
        yield return facts.ConsoleBuilt
            ? new Item("web console", Health.Ok, "built into this program")
            : new Item("web console", Health.Missing, "not built into this program", "run ./plumb, which builds it (needs Node.js and npm)");
        yield return facts.SdkVersions.FirstOrDefault(version => Major(version) == Sdk) is { } sdk
            ? new Item(".NET SDK", Health.Ok, sdk)
            : new Item(".NET SDK", Health.Missing, $"version {Sdk} is missing; {(facts.SdkVersions.Count == 0 ? "there is none" : $"found {string.Join(", ", facts.SdkVersions)}")}",
                $"https://dotnet.microsoft.com/download/dotnet/{Sdk}.0");
        yield return facts.Node.IsThere && Major(facts.Node.Version) < Node
            ? new Item("Node.js", Health.Missing, $"{facts.Node.Version} is too old, {Node} builds the console", "https://nodejs.org")
            : Program("Node.js", facts.Node, "builds the console", "nodejs");
        yield return Program("npm", facts.Npm, "builds the console", "npm");
        yield return Program("kubectl", facts.Kubectl, "works with the lab; Plumb itself needs none", "kubernetes-client");
    }

    private static Item Program(string name, Tool tool, string purpose, string package) => tool.IsThere
        ? new Item(name, Health.Ok, tool.Version is null ? tool.Path! : $"{tool.Version} ({tool.Path})")
        : new Item(name, Health.Missing, purpose, $"apt-get install --no-install-recommends {package}", package);

    private static Item Enough(string name, long bytes, long least, string what, string remedy) =>
        new(name, bytes >= least ? Health.Ok : Health.Missing, $"{bytes / (double)(1L << 30):0.0} GiB {what}{(bytes >= least ? "" : $", {least / (1L << 30)} GiB are needed")}", bytes >= least ? null : remedy);

    private static int Major(string? version) =>
        int.TryParse(version?.Split('.')[0], CultureInfo.InvariantCulture, out var major) ? major : int.MaxValue;
}
