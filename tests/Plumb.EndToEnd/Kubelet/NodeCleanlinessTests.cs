using System.Globalization;
using System.Net.Sockets;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.EndToEnd.Kubelet;

public sealed class NodeCleanlinessTests
{
    [Fact]
    public async Task Two_pods_listen_on_the_same_port_of_any_address_each_on_its_own()
    {
        await using var node = await OneNode.StartAsync();
        Assert.SkipUnless(node.Runtime.HasPodAddresses, "needs a cgroup2 mount and eBPF");
        foreach (var name in new[] { "a", "b" })
        {
            node.Pod(name, $"mkdir /www; echo {name} > /www/index.html; exec httpd -f -p 18080 -h /www", container: ",\"readinessProbe\":{\"tcpSocket\":{\"port\":18080},\"periodSeconds\":1}");
        }
        foreach (var name in new[] { "a", "b" })
        {
            var pod = await node.ReadyAsync(name);
            Assert.Equal(0, OneNode.Container(pod)["restartCount"]!.GetValue<int>());
            Assert.EndsWith($"{name}\n", await GetAsync(pod["status"]!["podIP"]!.GetValue<string>(), 18080), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task After_a_stop_no_process_cgroup_mount_or_memory_directory_is_left()
    {
        string lab;
        int pid;
        await using (var node = await OneNode.StartAsync())
        {
            lab = node.Runtime.LabCgroup;
            node.Pod("p", "sleep 600 & exec sleep 600", container: ",\"volumeMounts\":[{\"name\":\"m\",\"mountPath\":\"/m\"}]",
                specMore: "\"volumes\":[{\"name\":\"m\",\"emptyDir\":{\"medium\":\"Memory\"}}]");
            await node.ReadyAsync("p");
            pid = Assert.Single(node.Running("p")).Pid;
        }
        AssertNothingLeft(lab, pid);
    }

    [Fact]
    public async Task What_a_killed_program_left_running_is_ended_at_the_next_start()
    {
        var state = Directory.CreateTempSubdirectory("plumb-e2e-").FullName;
        var runtime = new ContainerRuntime(new ContainerRuntimeOptions("killed" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture), state), TimeProvider.System);
        Assert.SkipUnless(runtime.IsIsolating, "needs root with CAP_SYS_ADMIN: containers are Linux namespaces");
        var spec = new ContainerSpec(new string('a', 64), "p", Path.Combine(state, "c"), ["sh", "-c", "sleep 600 & exec sleep 600"]) { Environment = [new("PATH", "/usr/bin:/bin")] };
        var (container, failure) = await runtime.StartAsync(spec, new NoOutput(), CancellationToken.None);
        Assert.Null(failure);

        await PodLifeTests.Eventually(() => container!.Cgroup.ProcsFiles.All(file => File.ReadAllText(file).Length > 0));

        // The next run of the program knows nothing of this container but what the cgroups say.
        var next = new ContainerRuntime(new ContainerRuntimeOptions("killed" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture), state), TimeProvider.System);
        Assert.True(await next.RemoveLeftoversAsync(TestContext.Current.CancellationToken) >= 1);
        await container!.Exited.WaitAsync(OneNode.Patience, TestContext.Current.CancellationToken);
        next.Dispose();
        runtime.Dispose();
        AssertNothingLeft(runtime.LabCgroup, container.Pid);
        Directory.Delete(state, recursive: true);
    }

    private static void AssertNothingLeft(string lab, int pid)
    {
        Assert.False(Directory.Exists($"/proc/{pid}"));
        foreach (var root in CgroupHierarchies.Detect().Roots)
        {
            Assert.False(Directory.Exists(Path.Combine(root, lab)), Path.Combine(root, lab));
        }
        Assert.DoesNotContain(File.ReadAllLines("/proc/self/mountinfo"), line => line.Contains("plumb-e2e-", StringComparison.Ordinal));
        Assert.False(Directory.Exists($"/dev/shm/{lab}") && Directory.EnumerateFileSystemEntries($"/dev/shm/{lab}").Any());
    }

    private static async Task<string> GetAsync(string address, int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address, port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync("GET /index.html HTTP/1.0\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private sealed class NoOutput : IOutputSink
    {
        public void Write(ReadOnlySpan<byte> data, bool isStandardError)
        {
        }

        public void Complete()
        {
        }
    }
}
