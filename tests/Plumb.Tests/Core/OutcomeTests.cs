using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Core;

public sealed class OutcomeTests
{
    [Fact]
    public void Combining_is_commutative_associative_and_idempotent() =>
        Prop.ForAll<Outcome, Outcome, Outcome>((a, b, c) =>
            a.And(b) == b.And(a) && a.And(b).And(c) == a.And(b.And(c)) && a.And(a) == a).QuickCheckThrowOnFailure();

    [Fact]
    public void The_worst_of_many_does_not_depend_on_their_order() =>
        Prop.ForAll<Outcome[]>(many => many.Worst() == many.Reverse().Worst() && many.Worst() == many.Order().Worst()).QuickCheckThrowOnFailure();

    [Fact]
    public void Fail_is_worse_than_error_error_than_inconclusive_and_that_than_pass()
    {
        Assert.Equal(Outcome.Fail, Outcome.Fail.And(Outcome.Error));
        Assert.Equal(Outcome.Error, Outcome.Error.And(Outcome.Inconclusive));
        Assert.Equal(Outcome.Inconclusive, Outcome.Inconclusive.And(Outcome.Pass));
    }

    [Fact]
    public void Nothing_measured_is_inconclusive_and_not_a_pass() => Assert.Equal(Outcome.Inconclusive, Array.Empty<Outcome>().Worst());

    [Fact]
    public void Only_a_pass_exits_with_zero() =>
        Assert.Equal([0, 3, 2, 1], new[] { Outcome.Pass, Outcome.Inconclusive, Outcome.Error, Outcome.Fail }.Select(ExitCode.Of));
}
