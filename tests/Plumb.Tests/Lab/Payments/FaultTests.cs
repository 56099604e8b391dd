using Plumb.Lab.Payments.Faults;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class FaultTests
{
    private readonly SetTime _time = new();

    [Fact]
    public void A_fault_ends_by_itself()
    {
        using var faults = new FaultSet(_time, 1, _ => { });
        faults.Set(FaultKind.NotReady, new FaultRequest(DurationSeconds: 30));

        Assert.NotNull(faults.Get(FaultKind.NotReady));
        _time.Now += TimeSpan.FromSeconds(30);
        Assert.Null(faults.Get(FaultKind.NotReady));
        Assert.Empty(faults.List());
    }

    [Fact]
    public void A_percentage_hits_about_that_share_of_requests_and_the_same_ones_for_the_same_seed()
    {
        var first = Hits(seed: 42);

        Assert.InRange(first.Count(hit => hit), 220, 280);
        Assert.Equal(first, Hits(seed: 42));
    }

    [Fact]
    public void Clearing_all_faults_leaves_none()
    {
        using var faults = new FaultSet(_time, 1, _ => { });
        faults.Set(FaultKind.Latency, new FaultRequest(DelayMs: 10));
        faults.Set(FaultKind.DropTraceparent, new FaultRequest());

        faults.ClearAll();

        Assert.Empty(faults.List());
        Assert.False(faults.Clear(FaultKind.Latency));
    }

    [Fact]
    public void Every_kind_of_fault_is_described()
    {
        Assert.Equal(Enum.GetValues<FaultKind>(), FaultDescription.All.Select(d => d.Kind));
    }

    [Theory]
    [InlineData("latency", 0, null, "durationSeconds")]
    [InlineData("latency", 3601, null, "durationSeconds")]
    [InlineData("not-ready", null, 50, "percent")]
    [InlineData("latency", null, 101, "percent")]
    public void What_a_fault_does_not_take_is_refused_by_name(string fault, int? duration, int? percent, string field)
    {
        var problem = new FaultRequest(DurationSeconds: duration, Percent: percent).Check(FaultDescription.Find(fault)!);

        Assert.Equal(field, problem?.Field);
    }

    private List<bool> Hits(int seed)
    {
        using var faults = new FaultSet(_time, seed, _ => { });
        faults.Set(FaultKind.Errors, new FaultRequest(Percent: 25));
        return [.. Enumerable.Range(0, 1000).Select(_ => faults.Hit(FaultKind.Errors) is not null)];
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
