using System.Text.Json;
using Plumb.Lab.Installation;
using Plumb.Platform.Kubernetes;
using Xunit;

namespace Plumb.Tests.Lab.Installation;

public sealed class PodTroubleTests
{
    [Fact]
    public void A_pod_that_fits_nowhere_is_told_in_the_schedulers_words()
    {
        var text = Describe("""
            {"metadata":{"name":"ledger-1"},"spec":{},"status":{"phase":"Pending","conditions":[
              {"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient cpu."}]}}
            """);

        Assert.Equal("ledger-1: not scheduled, 0/3 nodes are available: 3 Insufficient cpu.", text);
    }

    [Fact]
    public void A_container_that_crashes_is_told_with_its_reason_and_its_last_exit()
    {
        var text = Describe("""
            {"metadata":{"name":"ledger-1"},"spec":{"nodeName":"node2"},"status":{"phase":"Running","containerStatuses":[{"name":"ledger","ready":false,
              "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s"}},"lastState":{"terminated":{"reason":"Error","exitCode":2}}}]}}
            """);

        Assert.Equal("ledger-1 on node2: container ledger waits, CrashLoopBackOff (back-off 10s), before that Error with exit code 2", text);
    }

    [Fact]
    public void A_container_that_runs_without_being_ready_fails_its_probes()
    {
        var text = Describe("""
            {"metadata":{"name":"auth-1"},"spec":{"nodeName":"node1"},"status":{"containerStatuses":[{"name":"auth","ready":false,"state":{"running":{}}}]}}
            """);

        Assert.Equal("auth-1 on node1: container auth runs but does not pass its probes", text);
    }

    private static string Describe(string json) => PodTrouble.Describe(new KubeObject(JsonElement.Parse(json)));
}
