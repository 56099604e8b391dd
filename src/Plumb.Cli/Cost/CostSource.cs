using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Cost.Collecting;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;
using Plumb.Platform.Aws;

namespace Plumb.Cli.Cost;

/// <param name="From">A path, - or aws; null with the sample.</param>
internal sealed record CostSourceChoice(bool Sample, string? From, int Days, string? Tag, bool Effective, bool Fresh);

/// <summary>The options that say where the bill is.</summary>
internal sealed class CostSourceOptions
{
    private const int UsualDays = 70;

    private readonly Option<bool> _sample = new("--sample") { Description = "a small made-up account that ends yesterday" };
    private readonly Option<string?> _from = new("--from") { Description = "a FOCUS, AWS CUR or date,service,cost CSV (also gzipped), - for standard input, or aws for Cost Explorer", HelpName = "FILE|aws" };
    private readonly Option<int> _days = new("--days") { Description = "Cost Explorer: whole days to read (default 70)", HelpName = "N", DefaultValueFactory = _ => UsualDays };
    private readonly Option<string?> _tag = new("--tag") { Description = "split services by the values of this tag too", HelpName = "KEY" };
    private readonly Option<bool> _effective = new("--effective") { Description = "FOCUS: EffectiveCost, which spreads what was paid in advance, instead of BilledCost" };
    private readonly Option<bool> _fresh = new("--fresh") { Description = "Cost Explorer: ask again, though an answer of the last six hours is kept" };

    public IReadOnlyList<Option> All => [_sample, _from, _days, _tag, _effective, _fresh];

    public CostSourceChoice Read(Invocation call) =>
        new(call.Get(_sample), call.Get(_from), call.Get(_days), call.Get(_tag), call.Get(_effective), call.Get(_fresh));
}

/// <summary>Fetches the bill that was asked for.</summary>
internal sealed class CostSource(Invocation call, CostSourceChoice choice) : IDisposable
{
    /// <summary>Cost Explorer keeps about 14 months.</summary>
    private const int MostDays = 425;

    private AwsClient? _aws;

    public async Task<Result<SpendTable>> ReadAsync(CancellationToken cancellation)
    {
        if (choice.Sample == choice.From is not null)
        {
            return new Problem(choice.Sample ? "--sample and --from are two sources" : "say where the bill is", "Give --sample, --from FILE or --from aws");
        }
        if (choice.Sample)
        {
            return SampleSpend.Of(DateOnly.FromDateTime(call.Time.GetUtcNow().UtcDateTime));
        }
        return choice.From == "aws" ? await AwsAsync(cancellation) : await FileAsync(choice.From!, cancellation);
    }

    /// <summary>The account that the bill is of; null for a file.</summary>
    public AwsClient? Aws => _aws;

    /// <summary>What makes it the same bill on the next run: its place and how it is read. The sample moves with the date, and a pipe may bring any bill.</summary>
    public string? Bill => choice.From switch
    {
        null or "-" => null,
        "aws" => string.Join('|', _aws?.EndpointOf(AwsService.CostExplorer), Environment.GetEnvironmentVariable("AWS_PROFILE"), Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")),
        var path => $"{Path.GetFullPath(path)}|{choice.Effective}",
    };

    public void Dispose() => _aws?.Dispose();

    private async Task<Result<SpendTable>> FileAsync(string path, CancellationToken cancellation)
    {
        var opened = InputFile.Open(path);
        if (!opened.IsOk)
        {
            return opened.Problem;
        }
        await using var stream = opened.Value;
        return await SpendReader.ReadAsync(stream, path == "-" ? "standard input" : path, choice.Tag, choice.Effective, cancellation);
    }

    private async Task<Result<SpendTable>> AwsAsync(CancellationToken cancellation)
    {
        if (choice.Days is < CostJudge.FewestDays or > MostDays)
        {
            return new Problem($"--days is a number from {CostJudge.FewestDays} to {MostDays}");
        }
        var opened = AwsClient.Open(new AwsOptions(call.Time));
        if (!opened.IsOk)
        {
            return opened.Error.ToProblem();
        }
        _aws = opened.Value;
        return await new CostExplorerSpend(_aws, call.Time, call.Home.File("cost")).ReadAsync(choice.Days, choice.Tag, choice.Fresh, cancellation);
    }
}
