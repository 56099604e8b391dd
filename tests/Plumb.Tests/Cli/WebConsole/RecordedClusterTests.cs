using System.Text.Json;
using Plumb.Cli.WebConsole;
using Xunit;

namespace Plumb.Tests.Cli.WebConsole;

/// <summary>What the console says about objects and events that a real Kubernetes 1.33 wrote (recorded-pods.json, recorded-events.tsv).</summary>
public sealed class RecordedClusterTests
{
    [Fact]
    public void A_pod_has_the_status_that_the_real_server_prints()
    {
        using var recorded = JsonDocument.Parse(File.ReadAllText(Recorded("recorded-pods.json")));
        var cases = recorded.RootElement.EnumerateArray().ToList();
        Assert.Equal(4, cases.Count);
        Assert.All(cases, c =>
        {
            var row = PodRow.From(c.GetProperty("pod"));
            Assert.Equal(c.GetProperty("status").GetString(), row.Status);
            Assert.Equal(c.GetProperty("ready").GetString(), $"{row.ReadyCount}/{row.Containers}");
            Assert.StartsWith($"{row.Restarts}", c.GetProperty("restarts").GetString(), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("crash", "bad")]
    [InlineData("done", "done")]
    [InlineData("unsched", "bad")]
    [InlineData("web-6b49f6df6f-dk245", "ok")]
    public void A_recorded_pod_has_the_health_that_a_person_would_give_it(string name, string health)
    {
        using var recorded = JsonDocument.Parse(File.ReadAllText(Recorded("recorded-pods.json")));
        var pod = recorded.RootElement.EnumerateArray().Single(c => c.GetProperty("name").GetString() == name).GetProperty("pod");
        Assert.Equal(health, PodRow.From(pod).Health);
    }

    [Fact]
    public void Every_recorded_event_is_told_in_a_whole_sentence_with_its_explanation()
    {
        var lines = File.ReadAllLines(Recorded("recorded-events.tsv"));
        Assert.True(lines.Length > 30);
        Assert.All(lines, line =>
        {
            var fields = line.Split('\t');
            var on = fields[2].Split('/');
            var told = EventSentences.Tell(fields[1], fields[3], on[0], on[1]);
            Assert.NotNull(told);
            Assert.EndsWith(".", told.Value.Sentence, StringComparison.Ordinal);
            Assert.DoesNotContain("{name}", told.Value.Sentence, StringComparison.Ordinal);
            Assert.DoesNotContain("..", told.Value.Sentence.Replace("...", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.NotEmpty(EventSentences.Explanations[told.Value.Key].Why);
        });
    }

    [Theory]
    [InlineData("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.", "no-cpu")]
    [InlineData("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory.", "no-memory")]
    [InlineData("BackOff", "Back-off pulling image \"registry.example/nosuch:1\"", "pull-backoff")]
    [InlineData("BackOff", "Back-off restarting failed container c in pod oom_k-oom(d0b5)", "crash-backoff")]
    [InlineData("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404", "liveness")]
    public void The_message_tells_events_of_one_reason_apart(string reason, string message, string key) =>
        Assert.Equal(key, EventSentences.Tell(reason, message, "Pod", "web")?.Key);

    [Fact]
    public void An_unknown_reason_is_not_explained_by_guessing() => Assert.Null(EventSentences.Tell("FlurbHappened", "the flurb is 7", "Pod", "web"));

    private static string Recorded(string name) => Path.Combine(AppContext.BaseDirectory, "Cli", "WebConsole", name);
}
