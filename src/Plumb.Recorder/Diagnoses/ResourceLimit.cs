using System.Globalization;
using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Diagnoses;

/// <summary>A limit of the process (setrlimit), where a call of the recording told it.</summary>
internal static class ResourceLimit
{
    private const string Soft = "{rlim_cur=";

    private const string Unlimited = "RLIM64_INFINITY";

    /// <param name="resource">RLIMIT_NOFILE, RLIMIT_AS, …</param>
    /// <returns>As the call has it; null when no call told it, or there is none. A limit that another process of the recording set is inherited.</returns>
    public static string? Of(IReadOnlyList<DecodedCall> calls, int process, string resource)
    {
        var told = calls.Where(call => call is { Name: "prlimit64" or "setrlimit" or "getrlimit", Error: null } && call.Value("resource") == resource).ToList();
        return Value(told.LastOrDefault(call => call.Call.ProcessId == process) ?? told.LastOrDefault());
    }

    private static string? Value(DecodedCall? call)
    {
        var value = call?.Value("new_rlim") is { } set && set.StartsWith('{') ? set : call?.Value("rlim") ?? call?.Value("old_rlim");
        return value?.StartsWith(Soft, StringComparison.Ordinal) == true && value[Soft.Length..].Split(',')[0].TrimEnd('}') is var limit and not Unlimited ? limit : null;
    }

    /// <summary>Of a size in bytes; 200000*1024 is one.</summary>
    public static string Bytes(string limit) =>
        ulong.TryParse(limit.Split('*')[0], CultureInfo.InvariantCulture, out var number) ? Observation.Bytes(limit.EndsWith("*1024", StringComparison.Ordinal) ? number * 1024 : number) : limit;
}
