using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;
using Plumb.Logs.Tracing;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Logs;

public sealed class TraceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_whose_error_lost_its_id_is_shown_with_that_line_and_with_the_event_that_never_came()
    {
        var requests = new Requests(1).Add(60, lostMails: [30]);
        using var folder = requests.Write();
        using var sources = await folder.OpenAsync();

        var correlation = new Correlator(sources, IdForms.Of(requests.Ids[30]).Value!, Now).Run(Cancel);
        var report = CorrelationJudge.Report(correlation, Now, Now);

        Assert.Equal(["payment_request_received", "user_authenticated", "transaction_recorded", "email_send_attempt"], correlation.Timeline!.Lines.Take(4).Select(line => line.Event));
        var adopted = Assert.Single(correlation.Timeline.Lines, line => line.Belonging == Belonging.Adopted);
        Assert.StartsWith("Connection timeout", adopted.Text, StringComparison.Ordinal);
        Assert.True(adopted.Confidence >= Adoption.LeastConfidence);
        Assert.Contains("lacks its outcome", adopted.Why, StringComparison.Ordinal);
        var missing = Assert.Single(correlation.Timeline.Missing);
        Assert.Equal(("notification", "email_queued"), (missing.Service, missing.Event));
        Assert.Equal(Outcome.Fail, report.Outcome);
        Assert.Contains(report.Findings, finding => finding.Kind.StartsWith("lost-id", StringComparison.Ordinal));
        Assert.True(correlation.Accounting.IsComplete);
    }

    [Fact]
    public async Task A_whole_request_passes_and_an_id_that_stands_nowhere_is_inconclusive_with_its_neighbours()
    {
        var requests = new Requests(2).Add(40);
        using var folder = requests.Write();
        using var sources = await folder.OpenAsync();
        var mistyped = requests.Ids[20][..^1] + (requests.Ids[20][^1] == 'a' ? 'b' : 'a');

        var whole = new Correlator(sources, IdForms.Of(requests.Ids[20]).Value!, Now).Run(Cancel);
        var nowhere = new Correlator(sources, IdForms.Of(mistyped).Value!, Now).Run(Cancel);

        Assert.Equal(Outcome.Pass, CorrelationJudge.Report(whole, Now, Now).Outcome);
        Assert.Equal(6, whole.Timeline!.Lines.Count);
        Assert.Equal(Outcome.Inconclusive, CorrelationJudge.Report(nowhere, Now, Now).Outcome);
        Assert.Contains(requests.Ids[20], nowhere.Nearest);
    }

    [Fact]
    public async Task All_requests_with_anomalies_are_found_and_no_other()
    {
        using var folder = new Requests(3).Add(300, lostMails: [100, 200, 201]).Write();
        using var sources = await folder.OpenAsync();

        var evidence = new TraceSurvey(sources, Now).Run(Cancel);

        Assert.Equal(300, evidence.Requests);
        Assert.Equal(3, evidence.Anomalous);
        Assert.Equal(3, evidence.Traces.Count);
        Assert.Contains(evidence.Groups, group => group is { Kind: "lost-id", Service: "notification", Requests: 3 });
        Assert.Contains(evidence.Groups, group => group is { Kind: "missing-event", Event: "email_queued", Requests: 3 });
        Assert.Equal(Outcome.Fail, TraceJudge.Report(evidence, Now, Now).Outcome);
    }

    [Fact]
    public async Task Logs_without_any_id_and_no_logs_at_all_are_inconclusive()
    {
        using var plain = new LogFolder().With("a.log", "2026-05-01T14:23:01Z INFO hello", "2026-05-01T14:23:02Z INFO again");
        using var some = await plain.OpenAsync();
        using var empty = new LogFolder();
        using var none = await empty.OpenAsync();

        Assert.Equal(Outcome.Inconclusive, TraceJudge.Report(new TraceSurvey(some, Now).Run(Cancel), Now, Now).Outcome);
        Assert.Equal(Outcome.Inconclusive, TraceJudge.Report(new TraceSurvey(none, Now).Run(Cancel), Now, Now).Outcome);
        Assert.Equal(Outcome.Inconclusive, CoverageSurvey.Judge(new CoverageSurvey(none, Now).Collect(Cancel), 1, Now, Now).Outcome);
    }

    [Fact]
    public async Task Of_lines_that_lost_their_id_nearly_all_are_given_to_a_request_and_nearly_all_of_these_to_the_right_one()
    {
        var requests = new Requests(4).Add(1500, stripped: 0.2, everyMs: 15);
        using var folder = requests.Write();
        using var sources = await folder.OpenAsync();
        using var files = new SourceLines(sources.All);

        var evidence = new TraceAnalysis(files, Now).Run(null, adopt: true, Cancel);

        var truth = Truth(requests, sources);
        var right = evidence.Adopted.Count(line => Key(truth[(evidence.Orphans[line.Orphan].Source, evidence.Orphans[line.Orphan].Offset)]) == line.Trace);
        Assert.True(right >= 0.98 * evidence.Adopted.Count, $"precision {right} of {evidence.Adopted.Count}");
        Assert.True(right >= 0.8 * truth.Count, $"recall {right} of {truth.Count}");
        Assert.True(evidence.Accounting.IsComplete);
        Assert.Equal(evidence.Adopted.Count, evidence.Accounting.Adopted);
    }

    [Fact]
    public async Task Many_pieces_are_read_by_several_threads_and_none_waits_for_another_for_ever()
    {
        using var folder = new LogFolder();
        for (var i = 0; i < 1000; i++)
        {
            folder.With($"pod-{i}.log", $$"""{"timestamp":"2026-05-01T14:23:01.{{i:000}}Z","trace_id":"pay-{{i % 50:x8}}","event":"x"}""");
        }
        using var sources = await folder.OpenAsync();
        for (var round = 0; round < 5; round++)
        {
            var survey = Task.Run(() => new TraceSurvey(sources, Now).Run(Cancel), Cancel);

            var evidence = await survey.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
            Assert.Equal((1000, 50), (evidence.Accounting.Lines, evidence.Requests));
        }
    }

    [Fact]
    public async Task Coverage_names_the_statement_that_loses_the_id()
    {
        using var folder = new Requests(5).Add(100, lostMails: [10, 20]).Write()
            .With("api.log", """{"time":"2026-05-15T21:42:00Z","level":"error","trace_id":"pay-1","msg":"boom 17","logger":"Api.Handler"}""",
                """{"time":"2026-05-15T21:42:01Z","level":"error","msg":"boom 18","caller":"handler.go:42"}""");
        using var sources = await folder.OpenAsync();

        var evidence = new CoverageSurvey(sources, Now).Collect(Cancel);
        var report = CoverageSurvey.Judge(evidence, 1, Now, Now);

        var api = evidence.Services.Single(service => service.Service == "api");
        Assert.Equal((2, 1), (api.ErrorLines, api.ErrorsWithId));
        Assert.Equal(("boom *", "handler.go:42"), (Assert.Single(api.Lost).Statement, api.Lost[0].Code));
        Assert.Equal(2, evidence.Services.Single(service => service.Service == "notification").Lost.Single().Lines);
        Assert.Equal(Outcome.Fail, report.Outcome);
        Assert.Equal(Outcome.Pass, CoverageSurvey.Judge(evidence with { Services = [.. evidence.Services.Select(s => s with { ErrorsWithId = s.ErrorLines })] }, 1, Now, Now).Outcome);
    }

    [Fact]
    public async Task Of_two_clocks_that_differ_by_two_seconds_the_difference_is_found_within_its_bound()
    {
        var requests = new Requests(6) { SkewMs = { ["ledger"] = 2000, ["notification"] = -1500 } }.Add(200);
        using var folder = requests.Write();
        using var sources = await folder.OpenAsync();

        var evidence = new TraceSurvey(sources, Now).Run(Cancel);

        var ledger = evidence.Skews.Single(skew => skew.Source.EndsWith("ledger.log", StringComparison.Ordinal));
        var notification = evidence.Skews.Single(skew => skew.Source.EndsWith("notification.log", StringComparison.Ordinal));
        Assert.InRange(2000, ledger.LowMs, ledger.HighMs);
        Assert.InRange(-1500, notification.LowMs, notification.HighMs);
        Assert.Equal(0, evidence.Anomalous);
    }

    [Fact]
    public async Task A_caller_that_logs_only_after_its_call_is_no_skew()
    {
        var random = new Random(8);
        var (gateway, auth) = (new List<string>(), new List<string>());
        for (var i = 0; i < 50; i++)
        {
            var at = Requests.Begin.AddMilliseconds(i * 300);
            auth.Add($$"""{"time":"{{at:O}}","trace_id":"pay-{{i:x8}}","event":"token_accepted"}""");
            at = at.AddMilliseconds(1 + (random.NextDouble() * 40));
            gateway.Add($$"""{"time":"{{at:O}}","trace_id":"pay-{{i:x8}}","event":"payment_requested"}""");
            gateway.Add($$"""{"time":"{{at.AddMilliseconds(5 + (random.NextDouble() * 40)):O}}","trace_id":"pay-{{i:x8}}","event":"payment_completed"}""");
        }
        using var folder = new LogFolder().With("gateway.log", [.. gateway]).With("auth.log", [.. auth]);
        using var sources = await folder.OpenAsync();

        Assert.Empty(new TraceSurvey(sources, Now).Run(Cancel).Skews);
    }

    [Fact]
    public void Whatever_the_clocks_say_no_line_is_shown_before_its_cause()
    {
        var skews = Gen.Choose(-2000, 2000);
        Prop.ForAll(Arb.From(skews.Two()), pair =>
        {
            var requests = new Requests(pair.Item1 + pair.Item2) { SkewMs = { ["ledger"] = pair.Item1, ["notification"] = pair.Item2 } }.Add(40);
            using var folder = requests.Write();
            using var sources = folder.OpenAsync().GetAwaiter().GetResult();
            foreach (var id in requests.Ids.Skip(15).Take(5))
            {
                var lines = new Correlator(sources, IdForms.Of(id).Value!, Now).Run(CancellationToken.None).Timeline!.Lines.Select(line => line.Event).ToList();
                // The caller's first line comes first, and what it waited for before its last.
                Assert.Equal("payment_request_received", lines[0]);
                Assert.Equal("payment_complete", lines[^1]);
                Assert.True(lines.IndexOf("email_send_attempt") < lines.IndexOf("email_queued"));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_line_and_no_byte_is_lost_whatever_the_input()
    {
        byte[][] pieces =
        [
            "\r\n"u8.ToArray(), "\n"u8.ToArray(), [0], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE, 0x80], "\t at X"u8.ToArray(), "{"u8.ToArray(), "\"trace_id\":\"pay-1\","u8.ToArray(),
            Encoding.UTF8.GetBytes("""{"timestamp":"2026-05-01T14:23:01Z","trace_id":"pay-2","event":"x"}"""), "2026-05-01T14:23:01Z ERROR x"u8.ToArray(),
            Encoding.UTF8.GetBytes(new string('[', 3000)), Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 2000))), "\\"u8.ToArray(), "\""u8.ToArray(),
            Encoding.UTF8.GetBytes(new string('x', 1_200_000)), "time=5 trace_id= =\"="u8.ToArray(), "<34>1 - - [x y=\"\\"u8.ToArray(), "<191>Oct 11 "u8.ToArray(),
            "2026-05-01T14:23:01.1Z stdout P {\"log\":\""u8.ToArray(), "{\"log\":\"\\u00\\n\",\"stream\":\"stdout\"}"u8.ToArray(), "[a,b"u8.ToArray(), "trace:"u8.ToArray(),
        ];
        Prop.ForAll(Arb.From(Gen.ListOf(Gen.Elements(Enumerable.Range(0, pieces.Length)))), chosen =>
        {
            var content = chosen.SelectMany(piece => pieces[piece]).ToArray();
            using var folder = new LogFolder();
            var file = Path.Combine(folder.Path, "a.log");
            File.WriteAllBytes(file, content);
            using var sources = LogFolder.OpenAsync(file).GetAwaiter().GetResult().Value!;
            // UTF-16 and gzip by their first bytes are other files than these bytes.
            if (content is not ([0xFF, 0xFE, ..] or [0x1f, 0x8b, ..]))
            {
                var accounting = new TraceSurvey(sources, Now).Run(CancellationToken.None).Accounting;
                Assert.True(accounting.IsComplete);
                Assert.Equal(content.Length, accounting.Bytes);
                Assert.Equal(content.Count(letter => letter == '\n') + (content.Length > 0 && content[^1] != '\n' ? 1 : 0), accounting.Lines);
            }
        }).QuickCheckThrowOnFailure();
    }

    private static TraceKey Key(string id) => TraceKey.TryRead(Encoding.UTF8.GetBytes(id), out var key) ? key : throw new InvalidOperationException(id);

    private static Dictionary<(int Source, long Offset), string> Truth(Requests requests, LogSources sources)
    {
        var truth = new Dictionary<(int, long), string>();
        for (var source = 0; source < sources.All.Count; source++)
        {
            long offset = 0;
            var number = 0;
            var lost = requests.Lost.Where(line => line.Service == sources.All[source].Service).ToDictionary(line => line.Line, line => line.Id);
            foreach (var line in File.ReadLines(sources.All[source].Path))
            {
                if (lost.TryGetValue(number++, out var id))
                {
                    truth[(source, offset)] = id;
                }
                offset += Encoding.UTF8.GetByteCount(line) + 1;
            }
        }
        return truth;
    }
}
