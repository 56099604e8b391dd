using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Core;
using Plumb.Cost.Spending;
using Plumb.Platform.Aws;

namespace Plumb.Cost.Collecting;

/// <summary>
/// Daily spend from Cost Explorer, by service and usage type, or by service and one tag: it groups by two at most. AWS charges 0.01 USD a page, so an answer is kept
/// for some hours: AWS itself brings the numbers up to date about three times a day.
/// </summary>
/// <param name="cacheDirectory">Where answers are kept.</param>
public sealed class CostExplorerSpend(AwsClient client, TimeProvider time, string cacheDirectory)
{
    /// <summary>Nothing younger is asked again.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(6);

    private const string Metric = "UnblendedCost";

    /// <param name="days">Whole days before today.</param>
    /// <param name="fresh">Asks even when a kept answer is young enough.</param>
    public async Task<Result<SpendTable>> ReadAsync(int days, string? tag, bool fresh, CancellationToken cancellation)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var endpoint = client.EndpointOf(AwsService.CostExplorer);
        var source = endpoint.ToString().TrimEnd('/');
        var file = CacheFile(source, days, tag);
        // A stand-in on this machine charges nothing, and whoever changes its bill wants to see the change.
        if (!fresh && !endpoint.IsLoopback && Kept(file) is { } kept && kept.Today == today)
        {
            var table = Table(kept.Lines, kept.Estimated, today.AddDays(-days), days, tag, source);
            return table.IsOk ? table.Value with { AskedAt = kept.At } : table;
        }
        var query = new CostQuery(today.AddDays(-days), today, Metric, CostGroupBy.Dimension("SERVICE"), tag is null ? CostGroupBy.Dimension("USAGE_TYPE") : new CostGroupBy("TAG", tag));
        var answer = await client.CostExplorer.GetCostAndUsageAsync(query, cancellation);
        if (!answer.IsOk)
        {
            return answer.Error.ToProblem();
        }
        KeptLine[] lines = [.. answer.Value.SelectMany(day => day.Amounts.Where(amount => amount.Keys.Count == 2).Select(amount => new KeptLine(day.Day, amount.Keys[0], amount.Keys[1], amount.Amount, amount.Unit)))];
        DateOnly[] estimated = [.. answer.Value.Where(day => day.Estimated).Select(day => day.Day)];
        Keep(file, new KeptAnswer(time.GetUtcNow(), today, lines, estimated));
        return Table(lines, estimated, today.AddDays(-days), days, tag, source);
    }

    private static Result<SpendTable> Table(KeptLine[] lines, DateOnly[] estimated, DateOnly first, int days, string? tag, string source)
    {
        var currencies = lines.Select(line => line.Unit).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (currencies.Length > 1)
        {
            return new Problem($"{source} answers in {string.Join(" and ", currencies)}, and amounts of different currencies cannot be added up", "Ask the accounts of each currency by themselves");
        }
        var series = new Dictionary<SpendKey, decimal[]>();
        foreach (var line in lines)
        {
            var key = tag is null ? new SpendKey(line.Service, UsageType: line.Part) : new SpendKey(line.Service, Tag: line.Part.Contains('$') ? line.Part[(line.Part.IndexOf('$') + 1)..] : line.Part);
            if (!series.TryGetValue(key, out var amounts))
            {
                series[key] = amounts = new decimal[days];
            }
            amounts[line.Day.DayNumber - first.DayNumber] += line.Amount;
        }
        return new SpendTable(source, "Cost Explorer", currencies.FirstOrDefault(), first, days, [.. series.Select(one => new SpendSeries(one.Key, one.Value))], estimated.ToHashSet(), lines.Length);
    }

    private string CacheFile(string source, int days, string? tag)
    {
        // Another profile or key is another account; its answer must not be shown as this one's.
        var who = string.Join('|', source, days.ToString(CultureInfo.InvariantCulture), tag, Environment.GetEnvironmentVariable("AWS_PROFILE"), Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID"));
        return Path.Combine(cacheDirectory, $"cost-explorer-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(who)).AsSpan(0, 8))}.json");
    }

    private KeptAnswer? Kept(string file)
    {
        try
        {
            var kept = File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), CostCacheJson.Default.KeptAnswer) : null;
            return kept is not null && time.GetUtcNow() - kept.At < KeptFor && kept.At <= time.GetUtcNow() ? kept : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            // A cache that cannot be read costs a cent.
            return null;
        }
    }

    private void Keep(string file, KeptAnswer answer)
    {
        try
        {
            Directory.CreateDirectory(cacheDirectory);
            File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(answer, CostCacheJson.Default.KeptAnswer));
            File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The answer is here; the next question costs a cent again.
        }
    }
}

internal sealed record KeptLine(DateOnly Day, string Service, string Part, decimal Amount, string Unit);

internal sealed record KeptAnswer(DateTimeOffset At, DateOnly Today, KeptLine[] Lines, DateOnly[] Estimated);

[JsonSerializable(typeof(KeptAnswer))]
internal sealed partial class CostCacheJson : JsonSerializerContext;
