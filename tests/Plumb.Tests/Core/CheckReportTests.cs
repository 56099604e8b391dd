using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Core;

public sealed class CheckReportTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_json_of_a_report_has_exactly_the_documented_shape()
    {
        var pod = new Subject("Pod", "ledger-0", "payments");
        var finding = Finding.Of("secrets", "stale-credential", Severity.Critical, pod, "ledger-0 can't log in",
            new Evidence("login", "refused", "postgres", Noon, Window: new TimeWindow(Noon.AddMinutes(-1), Noon)));
        var report = new CheckReport("secrets", Outcome.Fail, "1 of 3 pods", Noon, Noon.AddSeconds(2), [finding], ["pods that start later"], "Restart ledger-0?");

        var json = JsonSerializer.Serialize(report, CoreJson.Compact.CheckReport);

        Assert.Equal(
            """{"check":"secrets","outcome":"fail","summary":"1 of 3 pods","startedAt":"2026-03-01T12:00:00+00:00","finishedAt":"2026-03-01T12:00:02+00:00","findings":[{"id":"ID","kind":"stale-credential","severity":"critical","subject":{"kind":"Pod","name":"ledger-0","scope":"payments"},"summary":"ledger-0 can't log in","evidence":[{"what":"login","value":"refused","by":"postgres","at":"2026-03-01T12:00:00+00:00","unit":null,"window":{"from":"2026-03-01T11:59:00+00:00","to":"2026-03-01T12:00:00+00:00"}}]}],"blindSpots":["pods that start later"],"decision":"Restart ledger-0?"}"""
                .Replace("ID", finding.Id, StringComparison.Ordinal),
            json);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize(json, CoreJson.Compact.CheckReport)!, CoreJson.Compact.CheckReport));
    }

    [Fact]
    public void The_same_problem_on_the_next_run_is_the_same_finding()
    {
        var pod = new Subject("Pod", "a", "demo");
        var first = Finding.Of("check", "kind", Severity.Warning, pod, "seen once");
        var second = Finding.Of("check", "kind", Severity.Critical, pod, "seen twice", new Evidence("n", 2, "me", Noon));
        Assert.Equal(first.Id, second.Id);
        Assert.Matches("^[0-9a-f]{12}$", first.Id);
    }

    [Fact]
    public void Different_problems_never_share_a_fingerprint_because_their_parts_were_glued_together() =>
        Prop.ForAll<(string, string), (string, string)>((one, other) =>
            one == other || Finding.Fingerprint(one.Item1 ?? "", one.Item2 ?? "", new Subject("k", "n")) != Finding.Fingerprint(other.Item1 ?? "", other.Item2 ?? "", new Subject("k", "n"))
                || ((one.Item1 ?? "") == (other.Item1 ?? "") && (one.Item2 ?? "") == (other.Item2 ?? ""))).QuickCheckThrowOnFailure();

    [Fact]
    public void A_missing_scope_is_not_an_empty_scope() =>
        Assert.NotEqual(Finding.Fingerprint("c", "k", new Subject("Pod", "a")), Finding.Fingerprint("c", "k", new Subject("Pod", "a", "")));

    [Fact]
    public void A_report_without_blind_spots_or_without_a_decision_cannot_be_made()
    {
        Assert.Throws<ArgumentException>(() => new CheckReport("c", Outcome.Pass, "s", Noon, Noon, [], [], "Nothing to decide."));
        Assert.Throws<ArgumentException>(() => new CheckReport("c", Outcome.Pass, "s", Noon, Noon, [], ["x"], " "));
    }
}
