using Plumb.Cli.Output;
using Plumb.Core;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.EndToEnd.CommandLine;

public sealed class PipelineReportTests
{
    [Theory]
    [InlineData(Outcome.Fail)]
    [InlineData(Outcome.Pass)]
    [InlineData(Outcome.Inconclusive)]
    [InlineData(Outcome.Error)]
    public async Task The_published_schema_accepts_a_report_of_every_outcome(Outcome outcome)
    {
        var at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var subject = new Subject("SecurityGroup", "sg-1 <&> ü", "123456789012/eu-west-1");
        Finding[] findings = outcome == Outcome.Fail
            ? [
                Finding.Of("drift", "added-outside", Severity.Critical, subject, "22/tcp is open", new Evidence("rule", "22/tcp", "ec2", at, Place: new FilePlace("states/a b.tfstate", 3, 1))),
                Finding.Of("drift", "unmanaged-group", Severity.Info, subject, "nobody manages it", new Evidence("state", null, "/srv/x.tfstate", at, Place: new FilePlace("/srv/x.tfstate"))),
            ]
            : [];
        var report = new CheckReport("drift", outcome, "what came of it", at, at.AddSeconds(2), findings, ["other regions"], "keep or revoke?");
        Assert.Empty(await SarifValidator.ErrorsAsync(SarifReport.Of(report).ToJsonString(CoreJson.Readable(indented: true))));
        Assert.Empty(await JunitValidator.ErrorsAsync(JunitReport.Of(report)));
    }

    [Theory]
    [InlineData("""<testsuites><testsuite name="x"><testcase classname="c"/></testsuite></testsuites>""")]
    [InlineData("""<testsuites><testsuite name="x"><testcase classname="c" name="n"><failed/></testcase></testsuite></testsuites>""")]
    public async Task Jenkins_schema_refuses_a_test_without_a_name_and_an_element_that_it_does_not_know(string junit) => Assert.NotEmpty(await JunitValidator.ErrorsAsync(junit));

    [Fact]
    public async Task The_published_schema_refuses_a_level_that_the_format_does_not_know() =>
        Assert.NotEmpty(await SarifValidator.ErrorsAsync("""{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"plumb"}},"results":[{"message":{"text":"x"},"level":"loud"}]}]}"""));
}
