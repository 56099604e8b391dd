using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Plumb.Core;

public enum Severity
{
    [JsonStringEnumMemberName("info")]
    Info = 0,

    [JsonStringEnumMemberName("warning")]
    Warning = 1,

    [JsonStringEnumMemberName("critical")]
    Critical = 2,
}

/// <summary>What a finding is about.</summary>
/// <param name="Kind">The field's word: Pod, Service, SecurityGroup, trace.</param>
/// <param name="Scope">Where the name is unique (a namespace, an account); null when it is unique everywhere.</param>
public sealed record Subject(string Kind, string Name, string? Scope = null)
{
    public override string ToString() => Scope is null ? $"{Kind} {Name}" : $"{Kind} {Scope}/{Name}";
}

/// <summary>The time over which something was measured; both ends belong to it.</summary>
public sealed record TimeWindow(DateTimeOffset From, DateTimeOffset To);

/// <summary>One measurement that a verdict rests on.</summary>
/// <param name="What">What was measured, for instance <c>requests failed</c>.</param>
/// <param name="Value">The measured value; null means that it was looked for and not there.</param>
/// <param name="By">Who measured it: a source that a person could ask again.</param>
/// <param name="At">When it was measured.</param>
/// <param name="Unit">The unit of <paramref name="Value"/>, where it has one.</param>
/// <param name="Window">The window it covers, where it is not a single moment.</param>
/// <param name="Place">The line of a file that it stands in, where it stands in one.</param>
public sealed record Evidence(string What, JsonNode? Value, string By, DateTimeOffset At, string? Unit = null, TimeWindow? Window = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] FilePlace? Place = null);

/// <summary>A place in a file that a person can open.</summary>
/// <param name="File">Its path: relative to the directory the check ran in, or absolute.</param>
/// <param name="Line">Counted from 1; null when the whole file is meant.</param>
/// <param name="Column">In characters, counted from 1; null when the whole line is meant.</param>
public sealed record FilePlace(string File, int? Line = null, int? Column = null)
{
    /// <summary>file:line:column, as compilers write it.</summary>
    public override string ToString() => string.Join(':', ((object?[])[File, Line, Line is null ? null : Column]).Where(part => part is not null));
}

/// <summary>One thing that a check found out, about one subject.</summary>
/// <param name="Id">The fingerprint: the same problem on the next run is the same finding.</param>
public sealed record Finding(string Id, string Kind, Severity Severity, Subject Subject, string Summary, IReadOnlyList<Evidence> Evidence)
{
    private const int IdBytes = 6;

    /// <param name="check">The name of the check; with <paramref name="kind"/> and <paramref name="subject"/> it makes the fingerprint.</param>
    public static Finding Of(string check, string kind, Severity severity, Subject subject, string summary, params IReadOnlyList<Evidence> evidence) =>
        new(Fingerprint(check, kind, subject), kind, severity, subject, summary, evidence);

    /// <summary>12 hexadecimal digits of a SHA-256 over check, kind and subject; severity, text and evidence may change between runs.</summary>
    public static string Fingerprint(string check, string kind, Subject subject)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Each part goes in with its length, so that ("a", "bc") and ("ab", "c") differ; a missing scope is not an empty one.
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in (ReadOnlySpan<string?>)[check, kind, subject.Kind, subject.Scope, subject.Name])
        {
            var bytes = part is null ? [] : Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(length, part is null ? -1 : bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, IdBytes));
    }
}
