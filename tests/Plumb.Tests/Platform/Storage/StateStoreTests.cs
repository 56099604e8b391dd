using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Platform.Storage;

public sealed class StateStoreTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();

    private PlumbHome Home => new(_directory.File("home"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_same_finding_in_two_reports_is_one_finding_seen_twice()
    {
        using var store = Open();
        store.Findings.Save(Report(Noon, "once"));
        var second = store.Findings.Save(Report(Noon.AddHours(1), "again"));

        var stored = Assert.Single(store.Findings.Newest(10));
        Assert.Equal((2, "again", Noon, Noon.AddHours(1), second, "drift"), (stored.TimesSeen, stored.Finding.Summary, stored.FirstSeen, stored.LastSeen, stored.ReportId, stored.Check));
        Assert.Equal("again", store.Findings.Report(second)!.Findings[0].Summary);
        Assert.Equal(["again", "once"], store.Findings.Reports("drift", 10).Select(report => report.Findings[0].Summary));
        Assert.Single(store.Findings.StartingWith(stored.Finding.Id[..4], 10));
        Assert.Empty(store.Findings.StartingWith("%", 10));
    }

    [Fact]
    public void What_was_written_is_there_after_the_store_was_opened_anew()
    {
        using (var store = Open())
        {
            store.Findings.Save(Report(Noon, "kept"));
        }
        using var again = Open();
        Assert.Equal("kept", Assert.Single(again.Findings.Newest(1)).Finding.Summary);
    }

    [Fact]
    public void A_plan_comes_back_from_the_journal_as_it_went_in()
    {
        using var store = Open();
        var plan = new Plan("p1", "scale", [new PlanStep("scale", "scale to 0", "all payments", new JsonObject { ["to"] = 0 }, new JsonObject { ["to"] = 2 }, "scale back to 2")], OnCrash.Finish);
        store.Journal.Open(plan);
        store.Journal.Mark("p1", 0, StepState.Started);

        var found = store.Journal.Find("p1")!;
        Assert.Equal([StepState.Started], found.States);
        Assert.Equal(("p1", "scale", OnCrash.Finish), (found.Plan.Id, found.Plan.Title, found.Plan.OnCrash));
        Assert.Equal("""{"to":0} {"to":2}""", $"{found.Plan.Steps[0].Arguments.ToJsonString()} {found.Plan.Steps[0].Undo!.ToJsonString()}");

        store.Journal.Close("p1", PlanState.Kept);
        Assert.Null(store.Journal.Find("p1"));
        Assert.Throws<ArgumentException>(() => store.Journal.Mark("p1", 7, StepState.Done));
    }

    [Fact]
    public void A_plan_of_a_running_process_is_left_alone_and_one_of_a_dead_process_is_taken_over_once()
    {
        using var store = Open();
        store.Journal.Open(new Plan("1-mine", "t", []));
        store.Journal.Open(new Plan("2-dead", "t", []));
        store.Journal.Open(new Plan("3-dead", "t", []));
        store.Write(connection => connection.Run("UPDATE plans SET owner='other-boot:1:1' WHERE id<>'1-mine'"));

        using var other = Open();
        Assert.Equal(["3-dead"], other.Journal.TakeOverAbandoned(plan => plan.Id.StartsWith('3')).Select(plan => plan.Plan.Id));
        Assert.Equal(["2-dead"], other.Journal.TakeOverAbandoned(_ => true).Select(plan => plan.Plan.Id));
        Assert.Empty(store.Journal.TakeOverAbandoned(_ => true));
        Assert.Equal(["3-dead", "2-dead", "1-mine"], store.Journal.OpenPlans().Select(plan => plan.Id));
    }

    [Fact]
    public void A_state_of_a_newer_program_is_one_line_and_stays_as_it_is()
    {
        Open().Dispose();
        Sql($"PRAGMA user_version={StateStore.SchemaVersion + 6}");
        var problem = StateStore.Open(Home).Problem!;
        Assert.Equal($"{Home.File("state.db")} was written by a newer Plumb (layout 8; this one knows 2). Update Plumb, or set PLUMB_HOME to another directory", problem.ToString());
    }

    [Fact]
    public void A_state_of_the_layout_before_is_brought_up_to_date_and_loses_nothing()
    {
        using (var before = Open())
        {
            before.Findings.Save(Report(Noon, "kept"));
        }
        Sql("DROP TABLE spend; DROP TABLE bills; ALTER TABLE findings DROP COLUMN closed_because; PRAGMA user_version=1");
        using var store = Open();
        Assert.Equal("kept", Assert.Single(store.Findings.Open("drift", 10)).Finding.Summary);
        Assert.Null(store.SeenSpend.Last("any"));
    }

    [Fact]
    public void A_state_of_another_program_is_refused()
    {
        Directory.CreateDirectory(Home.Path);
        Sql("CREATE TABLE other(x)");
        Assert.Contains("too old for this one, or by another program", StateStore.Open(Home).Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        Directory.CreateDirectory(Home.Path);
        File.WriteAllText(Home.File("state.db"), new string('x', 5000));
        Assert.Contains("is damaged, or was not written by Plumb", StateStore.Open(Home).Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_directory_that_is_a_file_is_one_line()
    {
        File.WriteAllText(Home.Path, "");
        Assert.Contains($"the state directory {Home.Path} cannot be used", StateStore.Open(Home).Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_one_line_and_changes_nothing()
    {
        using var store = Open();
        store.Findings.Save(Report(Noon, "before"));
        // SQLite reports a file that may not grow with the same code as a disk that is full.
        store.Write(connection => connection.Scalar($"PRAGMA max_page_count={connection.Scalar("PRAGMA page_count")}"));

        var error = Assert.Throws<StorageException>(() => store.Findings.Save(Report(Noon, new string('x', 1_000_000))));

        Assert.Contains("is full; nothing was changed", error.Problem.What, StringComparison.Ordinal);
        Assert.Equal("before", Assert.Single(store.Findings.Newest(10)).Finding.Summary);
    }

    [Fact]
    public void Sharing_the_state_in_PostgreSQL_is_refused_and_not_ignored() =>
        Assert.Contains("PostgreSQL is not supported yet", StateStore.Open(Home, "postgres://db/plumb").Problem!.What, StringComparison.Ordinal);

    [Fact]
    public void Others_cannot_read_the_state()
    {
        Open().Dispose();
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Home.File("state.db")) & (UnixFileMode.OtherRead | UnixFileMode.GroupRead));
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Home.Path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite));
    }

    [Theory]
    [InlineData(true, "/var/lib/plumb")]
    [InlineData(false, "/home/ann/.local/state/plumb", "HOME=/home/ann")]
    [InlineData(false, "/home/ann/.local/state/plumb", "HOME=/home/ann", "XDG_STATE_HOME=relative")]
    [InlineData(false, "/state/plumb", "HOME=/home/ann", "XDG_STATE_HOME=/state")]
    [InlineData(true, "/tmp/p", "PLUMB_HOME=/tmp/p", "XDG_STATE_HOME=/state")]
    public void The_state_stands_where_the_environment_says(bool isRoot, string path, params string[] variables)
    {
        var values = variables.Select(variable => variable.Split('=')).ToDictionary(parts => parts[0], parts => parts[1]);
        Assert.Equal(path, PlumbHome.Of(values.GetValueOrDefault, isRoot).Path);
    }

    private StateStore Open()
    {
        var opened = StateStore.Open(Home);
        Assert.True(opened.IsOk, opened.Problem?.ToString());
        return opened.Value;
    }

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Home.File("state.db")};Pooling=False");
        connection.Open();
        connection.Run(sql);
    }

    private static CheckReport Report(DateTimeOffset at, string summary) =>
        new("drift", Outcome.Fail, summary, at, at, [Finding.Of("drift", "open-port", Severity.Warning, new Subject("SecurityGroup", "sg-1"), summary)], ["other regions"], "Close it?");
}
