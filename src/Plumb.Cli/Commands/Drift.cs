using System.CommandLine;
using Plumb.Cli.Drift;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Cli.Output;
using Plumb.Cli.WebConsole;
using Plumb.Core;
using Plumb.Drift;
using Plumb.Platform.Aws;

namespace Plumb.Cli.Commands;

internal sealed class Drift : CliCommand
{
    private const int MostTimeoutSeconds = 600;

    private readonly Argument<string[]> _states = new("states") { Description = "terraform.tfstate, a directory of states, s3://BUCKET/KEY, or - for 'terraform state pull'; several at once see who claims what", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _explain = new("--explain") { Description = "tell of each finding how the verdict came, rule by rule" };
    private readonly Option<string[]> _region = new("--region") { Description = "read this region too, besides those that the states name", HelpName = "REGION" };
    private readonly Option<bool> _allRegions = new("--all-regions") { Description = "read every region that the account may use" };
    private readonly Option<string?> _profile = new("--profile") { Description = "a profile of ~/.aws; otherwise the usual credential chain", HelpName = "NAME" };
    private readonly Option<string?> _from = new("--from") { Description = "aws, or lab for the AWS of the running lab, with its states when none are given", HelpName = "aws|lab" };
    private readonly Option<string?> _ignore = new("--ignore") { Description = "the file of what is known and accepted; otherwise .plumbignore here, if it exists", HelpName = "FILE" };
    private readonly Option<int> _timeout = new("--timeout") { Description = "seconds that one call to AWS may take (default 30)", DefaultValueFactory = _ => 30, HelpName = "SECONDS" };

    public Drift() => _from.AcceptOnlyFromAmong("aws", "lab");

    public override string Name => "drift";

    public override string Summary => "say what AWS has that Terraform's states do not, and the reverse";

    public override string Description =>
        "Reads Terraform states (format 4, also OpenTofu's) and asks AWS what it has now: security groups with all their rules, and the public access of S3 buckets. It shows what was "
        + "added, removed or changed outside Terraform, what no state manages, and what two claim; what that opens, in ports and addresses that were not reachable before; who did it, when "
        + "CloudTrail tells; and both ways out, as commands and configuration. It changes nothing. What could not be read is said, and is never a pass.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb drift terraform.tfstate", "one state, in the account of the usual credential"),
        new("terraform state pull | plumb drift - --explain", "a remote state, with the reasons"),
        new("plumb drift states/ s3://tf-states/network.tfstate -o sarif > drift.sarif", "several states, for code scanning"),
        new("plumb drift --from lab", "the lab's AWS and its states"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => VerdictExitCodes;

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<Argument> Arguments => [_states];

    public override IReadOnlyList<Option> Options => [_explain, _region, _allRegions, _profile, _from, _ignore, _timeout];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var asked = Ask(call);
        if (!asked.IsOk)
        {
            return call.Fail(asked.Problem);
        }
        var (options, states) = asked.Value;
        var opened = AwsClient.Open(options);
        if (!opened.IsOk)
        {
            return call.Fail(opened.Error.ToProblem());
        }
        using var client = opened.Value;
        var question = new DriftQuestion(states, call.Get(_region) ?? [], call.Get(_allRegions), call.Get(_ignore), Terminal.StandardInput);
        Result<DriftResult> result;
        using (var progress = new Progress(call.Terminal, call.Time))
        {
            result = await new DriftCheck(client, call.Time, progress.Now).RunAsync(question, cancellation);
        }
        return result.IsOk ? Answer(call, result.Value) : call.Fail(result.Problem);
    }

    private int Answer(Invocation call, DriftResult result)
    {
        call.Keep(result.Report);
        if (LastReports.Save(call.Home, LastReports.Drift, DriftJson.Of(result)) is { } notShown)
        {
            call.Terminal.Problem(notShown);
        }
        if (result.Report.Outcome is Outcome.Error or Outcome.Inconclusive)
        {
            call.Terminal.Problem(new Problem(result.Report.Summary));
        }
        return call.Answer(result.Report, text: () => new DriftText(call.Terminal, call.Get(_explain)).Write(result), json: () => call.Terminal.Json(DriftJson.Of(result), CoreJson.Indented.JsonObject));
    }

    private Result<(AwsOptions Options, IReadOnlyList<string> States)> Ask(Invocation call)
    {
        var states = call.Get(_states) ?? [];
        if (call.Get(_timeout) is < 1 or > MostTimeoutSeconds)
        {
            return new Problem($"--timeout is a number of seconds from 1 to {MostTimeoutSeconds}");
        }
        var options = new AwsOptions(call.Time) { Profile = call.Get(_profile), RequestTimeout = TimeSpan.FromSeconds(call.Get(_timeout)) };
        if (call.Get(_from) == "lab")
        {
            var lab = RunningLab.Of(call.Home);
            if (!lab.IsOk)
            {
                return lab.Problem!;
            }
            if (lab.Value.Aws is not { } aws)
            {
                return new Problem("the running lab has no AWS", "Start it anew: 'plumb down', then 'plumb up'");
            }
            options = options with { Profile = null, Region = aws.Region, Endpoint = aws.Endpoint, Keys = new AwsKeys(aws.AccessKeyId, aws.SecretAccessKey) };
            states = states.Length == 0 ? [aws.States] : states;
        }
        return states.Length > 0 ? (options, states) : new Problem("say which state: a terraform.tfstate, a directory of states, s3://BUCKET/KEY, or - for 'terraform state pull'", "See 'plumb drift --help'");
    }
}
