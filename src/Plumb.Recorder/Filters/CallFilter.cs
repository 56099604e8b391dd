using System.Globalization;
using System.IO.Enumeration;
using Plumb.Core;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Filters;

/// <summary>Which calls are shown. It never decides what is recorded.</summary>
/// <param name="Calls">Names; null: all.</param>
/// <param name="Errors">Names of errno values; empty: any failure; null: also those that did not fail.</param>
/// <param name="Path">A pattern with * and ?, for the file that a call names or that its descriptor refers to, and for the other end of a socket.</param>
/// <param name="AtLeast">Shorter ones are not shown. One that has not returned is: nobody knows how long it will be.</param>
/// <param name="Process">A process's or thread's number, or a pattern for the thread's name.</param>
public sealed record CallFilter(IReadOnlySet<string>? Calls = null, IReadOnlySet<string>? Errors = null, string? Path = null, TimeSpan? AtLeast = null, string? Process = null)
{
    private const string AnyError = "any";

    public static CallFilter All { get; } = new();

    public bool IsAll => this is { Calls: null, Errors: null, Path: null, AtLeast: null, Process: null };

    /// <summary>From the words of a command line.</summary>
    /// <param name="calls">Names and groups of calls, separated by commas.</param>
    /// <param name="errors">Names of errno values, separated by commas, or any.</param>
    /// <param name="atLeast">10ms, 1.5s, 200us.</param>
    public static Result<CallFilter> Parse(string? calls, string? errors, string? path, string? atLeast, string? process)
    {
        Result<HashSet<string>>? names = calls is null ? default(Result<HashSet<string>>?) : CallsOf(calls);
        if (names is { IsOk: false })
        {
            return names.Value.Problem;
        }
        Result<HashSet<string>>? failures = errors is null ? default(Result<HashSet<string>>?) : ErrorsOf(errors);
        if (failures is { IsOk: false })
        {
            return failures.Value.Problem;
        }
        var duration = atLeast is null ? null : Duration(atLeast);
        return atLeast is not null && duration is null
            ? new Problem($"--min-duration '{atLeast}' is no time", "Write a number and its unit: 200us, 10ms, 1.5s")
            : new CallFilter(names?.Value, failures?.Value, path, duration, process);
    }

    public bool Shows(DecodedCall call) =>
        Calls?.Contains(call.Name) != false
        && (Errors is null || (call.Error is { } error && (Errors.Count == 0 || Errors.Contains(error))))
        && (AtLeast is null || call.Call.Duration is not { } duration || duration >= AtLeast)
        && (Process is null || IsProcess(call))
        && (Path is null || IsPath(call));

    private bool IsProcess(DecodedCall call) => int.TryParse(Process, CultureInfo.InvariantCulture, out var number)
        ? call.Call.ProcessId == number || call.Call.ThreadId == number : FileSystemName.MatchesSimpleExpression(Process, call.Command, ignoreCase: false);

    private bool IsPath(DecodedCall call) => Matches(call.Path) || Matches(call.Target?.Name) || Matches(call.Target?.Peer);

    private bool Matches(string? name) => name is not null && FileSystemName.MatchesSimpleExpression(Path, name, ignoreCase: false);

    private static Result<HashSet<string>> CallsOf(string text)
    {
        var known = CallTable.Known.Select(call => call.Signature.Name).ToHashSet();
        var names = new HashSet<string>();
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(word => word.TrimStart('%')))
        {
            if (CallGroups.Members(word) is { } members)
            {
                names.UnionWith(members);
            }
            else if (!known.Contains(word))
            {
                return new Problem($"--syscall '{word}' is neither a system call nor a group ({string.Join(", ", CallGroups.Names)}).{Nearest.Hint(word, known.Concat(CallGroups.Names))}");
            }
            names.Add(word);
        }
        return names;
    }

    private static Result<HashSet<string>> ErrorsOf(string text)
    {
        var words = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToHashSet();
        var unknown = words.FirstOrDefault(word => word != AnyError && !ErrorNames.All.Contains(word));
        return unknown is not null ? new Problem($"--errno '{unknown}' is no name of an error.{Nearest.Hint(unknown, ErrorNames.All)}", "Write ENOENT, ECONNREFUSED, … or any")
            : words.Contains(AnyError) ? new HashSet<string>() : words;
    }

    private static TimeSpan? Duration(string text)
    {
        var unit = text.TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        double? microseconds = unit switch { "us" or "µs" => 1, "ms" => 1e3, "s" => 1e6, "m" => 6e7, _ => null };
        return microseconds is { } factor && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? TimeSpan.FromMicroseconds(number * factor) : null;
    }
}
