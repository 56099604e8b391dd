namespace Plumb.Cluster.Containers;

/// <summary>What a node of the lab can and cannot enforce on this machine. Nothing that is missing is passed over in silence.</summary>
/// <param name="NotEnforced">One sentence for each thing that a real node enforces and this one does not, with what would mend it.</param>
internal sealed record NodeCapabilities(bool Isolation, bool MemoryLimits, bool CpuLimits, bool PodAddresses, IReadOnlyList<string> NotEnforced)
{
    public static NodeCapabilities Of(ContainerRuntime runtime)
    {
        var hierarchies = runtime.Hierarchies;
        var missing = new List<string>();
        if (!runtime.IsIsolating)
        {
            missing.Add("Containers share this machine's files and processes, and volumes are not mounted: their paths are replaced in commands, arguments and environment only. Run as root (with CAP_SYS_ADMIN) to isolate them.");
            missing.Add("Names of Services do not resolve in pods, and Services do not answer on ports below 1024: use their variables (LEDGER_SERVICE_HOST) and higher ports, or run as root.");
        }
        if (!hierarchies.HasMemory)
        {
            missing.Add("Memory limits are not enforced, so nothing is OOMKilled: run as root with the cgroup memory controller mounted.");
        }
        if (!hierarchies.HasCpu)
        {
            missing.Add("CPU limits are not enforced, so nothing is throttled: run as root with the cgroup cpu controller mounted.");
        }
        if (!runtime.HasPodAddresses)
        {
            missing.Add("Pods share ports: a program that binds 0.0.0.0 takes its port on every pod's address, so two pods cannot both do it. It needs root, a cgroup2 mount and eBPF.");
        }
        missing.Add("All containers share the machine's network: localhost is the machine's own, and NetworkPolicy has no effect.");
        return new NodeCapabilities(runtime.IsIsolating, hierarchies.HasMemory, hierarchies.HasCpu, runtime.HasPodAddresses, missing);
    }
}
