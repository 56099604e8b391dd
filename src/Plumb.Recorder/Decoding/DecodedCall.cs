using Plumb.Recorder.Descriptors;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Decoding;

/// <summary>A call in words.</summary>
/// <param name="Parameters">Name and value; a call that is known by name only has arg0 to arg5.</param>
/// <param name="Return">As strace writes it: 3, 0x7f…, -1 ENOENT (No such file or directory), ? when it did not return.</param>
public sealed record DecodedCall(RecordedCall Call, string Name, IReadOnlyList<(string Name, string Value)> Parameters, string Return)
{
    /// <summary>The file that it names, absolute where that is known, escaped; null when it names none.</summary>
    public string? Path { get; init; }

    /// <summary>What its descriptor refers to: for connect, where it connects to.</summary>
    public Descriptor? Target { get; init; }

    /// <summary>The question or the answer of a name server that it sent or received; null when it is none.</summary>
    internal DnsMessage? Dns { get; init; }

    /// <summary>dfd=AT_FDCWD, filename="/etc/passwd", flags=O_RDONLY</summary>
    public string ParameterText => string.Join(", ", Parameters.Select(parameter => $"{parameter.Name}={parameter.Value}"));

    /// <summary>The thread's name, escaped.</summary>
    public string Command => Escaped.Plain(Call.Command);

    /// <summary>ENOENT; null when it did not fail.</summary>
    public string? Error => Call.Error == 0 ? null : ErrorNames.Name(Call.Error);

    private static readonly string[] Subjects = ["filename", "pathname", "path", "oldname", "addr"];

    /// <summary>The path or the address that the call is about; null when it has none.</summary>
    public string? Subject => Subjects.Select(Value).FirstOrDefault(value => value?.StartsWith('"') == true || value?.StartsWith('{') == true);

    public string? Value(string parameter) => Parameters.Where(entry => entry.Name == parameter).Select(entry => entry.Value).FirstOrDefault();
}
