using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumb.Core;

namespace Plumb.Drift.States;

/// <summary>
/// Reads Terraform's state, format version 4 (https://developer.hashicorp.com/terraform/internals/json-format tells why no other program promises it;
/// the fields are those of Terraform's own statefile package). One resource at a time is in memory; outputs and everything of other types are skipped
/// unread, so that their secrets never become text.
/// </summary>
internal sealed class StateReader(string name, string? file, Func<string, bool> wanted, Func<StateInstance, Problem?> visit)
{
    /// <summary>Bytes of one resource with all its instances, and of anything else that has to be read in one piece.</summary>
    public const int MaxPiece = 256 * 1024 * 1024;

    private const int FirstBuffer = 256 * 1024;
    private const int MaxDepth = 128;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    private readonly HashSet<string> _seen = [];
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _isLast;
    private long _before;
    private long _linesBefore;
    private JsonReaderState _state = new(Options);

    private int? _version;
    private string? _terraform;
    private string? _lineage;
    private long _serial;
    private int _resources;
    private int _judged;
    private int _data;
    private readonly SortedSet<string> _types = new(StringComparer.Ordinal);

    public async Task<Result<StateSummary>> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            while (true)
            {
                await FillAsync(stream, cancellation);
                if (_isLast && _before + _end == 0)
                {
                    return new Problem($"{name} is empty", "'terraform state pull' prints the state, if there is one");
                }
                if (Step() is { } wrong)
                {
                    return wrong;
                }
                if (_isLast)
                {
                    return End();
                }
                if (_end - _start >= MaxPiece)
                {
                    return new Problem($"{Where(_start)}: one resource is larger than {MaxPiece >> 20} MiB, which no state has", "Check what this file is");
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            return Broken(error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{name} cannot be read: {error.Message.TrimEnd('.')}");
        }
        finally
        {
            // The buffer held attributes, and a shared pool must not hand them on.
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        }
    }

    private async Task FillAsync(Stream stream, CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _linesBefore += _buffer.AsSpan(0, _start).Count((byte)'\n');
            _before += _start;
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
            _buffer = larger;
        }
        while (_end < _buffer.Length && !_isLast)
        {
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            _isLast = count == 0;
            _end += count;
        }
        if (_before == 0 && _start == 0 && _end >= 3 && _buffer.AsSpan().StartsWith("\uFEFF"u8))
        {
            _start = 3;
        }
    }

    /// <summary>Reads as many members of the document as are wholly in the buffer.</summary>
    private Problem? Step()
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isLast, _state);
        var origin = _start;
        while (true)
        {
            // A member or an element is taken whole or not at all; the state is kept from before it.
            var before = reader;
            if (!TakeOne(ref reader, origin, out var wrong))
            {
                (_state, _start) = (before.CurrentState, origin + (int)before.BytesConsumed);
                return null;
            }
            if (wrong is not null)
            {
                return wrong;
            }
        }
    }

    /// <summary>One step at the top of the document, or one element of <c>resources</c>. False: it is not wholly there yet.</summary>
    private bool TakeOne(ref Utf8JsonReader reader, int origin, out Problem? wrong)
    {
        wrong = null;
        if (!reader.Read())
        {
            return false;
        }
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject when reader.CurrentDepth == 0:
            case JsonTokenType.EndObject when reader.CurrentDepth == 0:
            case JsonTokenType.EndArray when reader.CurrentDepth == 1:
                return true;
            case JsonTokenType.StartObject when reader.CurrentDepth == 2:
                var start = (int)reader.TokenStartIndex;
                if (!reader.TrySkip())
                {
                    return false;
                }
                wrong = Resource(_buffer.AsMemory(origin + start, (int)reader.BytesConsumed - start), origin + start);
                return true;
            case JsonTokenType.PropertyName when reader.CurrentDepth == 1:
                return Member(ref reader, out wrong);
            default:
                wrong = new Problem($"{Where(origin + (int)reader.TokenStartIndex)}: this is not a Terraform state: it must be an object with a list of resources");
                return true;
        }
    }

    private bool Member(ref Utf8JsonReader reader, out Problem? wrong)
    {
        wrong = null;
        var member = reader.GetString()!;
        if (member == "resources")
        {
            _seen.Add(member);
            if (!reader.Read())
            {
                return false;
            }
            wrong = reader.TokenType == JsonTokenType.StartArray ? null : new Problem($"{name}: 'resources' is no list");
            return true;
        }
        // Terraform writes null for an absent value of any type.
        if (member is "outputs" or "check_results" ? !reader.TrySkip() : !reader.Read())
        {
            return false;
        }
        _seen.Add(member);
        switch (member)
        {
            case "version":
                _version = reader.GetInt32();
                wrong = VersionProblem(_version.Value);
                break;
            case "serial":
                _serial = reader.GetInt64();
                break;
            case "lineage":
                _lineage = reader.GetString();
                break;
            case "terraform_version":
                _terraform = reader.GetString();
                break;
            case "format_version":
                wrong = new Problem($"{name} is the output of 'terraform show -json', not a state", "Give the state itself: 'terraform state pull | plumb drift -'");
                break;
            case "encrypted_data":
                wrong = new Problem($"{name} is an encrypted state, which only OpenTofu with its key can read", "Decrypt it on the way: 'tofu state pull | plumb drift -'");
                break;
            default:
                return reader.TrySkip();
        }
        return true;
    }

    private Problem? VersionProblem(int version) => version switch
    {
        4 => null,
        < 4 => new Problem($"{name} is a state of format version {version}, and only version 4 is read (Terraform 0.12 and newer, OpenTofu)",
            version == 3 ? "If it stands in .terraform/ it only points to a backend: 'terraform state pull | plumb drift -'. Else let Terraform 0.12 or newer write it once" : "Let Terraform 0.12 or newer write it once"),
        _ => new Problem($"{name} is a state of format version {version}, which is newer than this program knows (4)", "Update plumb"),
    };

    /// <summary>One element of <c>resources</c>: its type stands before or after its instances, depending on who wrote the file.</summary>
    private Problem? Resource(ReadOnlyMemory<byte> json, int at)
    {
        var reader = new Utf8JsonReader(json.Span, Options);
        string? mode = null, type = null, label = null, module = null;
        var (instancesAt, instances) = (-1, 0);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = reader.GetString();
            reader.Read();
            switch (member)
            {
                case "mode": mode = reader.GetString(); break;
                case "type": type = reader.GetString(); break;
                case "name": label = reader.GetString(); break;
                case "module": module = reader.GetString(); break;
                case "instances":
                    instancesAt = (int)reader.TokenStartIndex;
                    instances = Count(ref reader);
                    break;
                default: reader.Skip(); break;
            }
        }
        if (mode is null || type is null || label is null || instancesAt < 0)
        {
            return new Problem($"{Where(at)}: a resource without mode, type, name or instances", "This state was not written by Terraform, or it is damaged");
        }
        if (mode != "managed")
        {
            _data += instances;
            return null;
        }
        _resources += instances;
        if (!wanted(type))
        {
            return null;
        }
        _judged += instances;
        if (instances > 0)
        {
            _types.Add(type);
        }
        return Instances(json, at, instancesAt, type, $"{(module is null ? "" : module + ".")}{type}.{label}");
    }

    private static int Count(ref Utf8JsonReader reader)
    {
        var count = 0;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new FormatException("'instances' is no list");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            reader.Skip();
            count++;
        }
        return count;
    }

    private Problem? Instances(ReadOnlyMemory<byte> json, int at, int instancesAt, string type, string address)
    {
        var reader = new Utf8JsonReader(json.Span[instancesAt..], Options);
        reader.Read();
        // Lines are counted onwards from the instance before: from the start each time would be quadratic.
        var (counted, line) = (0, LineOf(at + instancesAt));
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = (int)reader.TokenStartIndex;
            line += json.Span[(instancesAt + counted)..(instancesAt + start)].Count((byte)'\n');
            counted = start;
            reader.Skip();
            using var document = JsonDocument.Parse(json.Slice(instancesAt + start, (int)reader.BytesConsumed - start), new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (Visit(document.RootElement, type, address, line) is { } wrong)
            {
                return wrong;
            }
        }
        return null;
    }

    private Problem? Visit(JsonElement instance, string type, string address, long line)
    {
        var key = instance.TryGetProperty("index_key", out var index) ? index.ValueKind switch
        {
            JsonValueKind.String => $"[\"{index.GetString()}\"]",
            JsonValueKind.Number => $"[{index.GetRawText()}]",
            _ => "",
        } : "";
        var deposed = instance.TryGetProperty("deposed", out var leftover) && leftover.ValueKind == JsonValueKind.String && leftover.GetString()!.Length > 0;
        var place = file is null ? null : new FilePlace(file, checked((int)line));
        var origin = new ResourceOrigin(name, $"{address}{key}{(deposed ? " (deposed)" : "")}", place);
        if (!instance.TryGetProperty("attributes", out var attributes) || attributes.ValueKind != JsonValueKind.Object)
        {
            return instance.TryGetProperty("attributes_flat", out _)
                ? new Problem($"{Where(line)}: {origin.Address} has flat attributes of Terraform before 0.12", "Run 'terraform apply -refresh-only' once; it writes them anew")
                : new Problem($"{Where(line)}: {origin.Address} has no attributes", "This state was not written by Terraform, or it is damaged");
        }
        var tainted = instance.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String && status.GetString() == "tainted";
        try
        {
            return visit(new StateInstance(type, origin, tainted, deposed, Sensitive(instance), attributes));
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException)
        {
            // Never the value: it may be a secret.
            return new Problem($"{Where(line)}: {origin.Address}: {(error is FormatException ? error.Message : "an attribute has another type than the provider writes")}", "This state was not written by Terraform, or it is damaged");
        }
    }

    /// <summary>The attributes that a path of <c>sensitive_attributes</c> begins with; an empty path means all of them.</summary>
    private static IReadOnlySet<string> Sensitive(JsonElement instance)
    {
        if (!instance.TryGetProperty("sensitive_attributes", out var paths) || paths.ValueKind != JsonValueKind.Array || paths.GetArrayLength() == 0)
        {
            return System.Collections.Frozen.FrozenSet<string>.Empty;
        }
        return paths.EnumerateArray().Select(path => path.ValueKind == JsonValueKind.Array && path.GetArrayLength() > 0 && path[0].TryGetProperty("value", out var root) && root.ValueKind == JsonValueKind.String ? root.GetString()! : "*").ToHashSet();
    }

    private Result<StateSummary> End()
    {
        if (_version is null)
        {
            return new Problem($"{name} has no format version, so it is not a Terraform state", _seen.Contains("modules") ? "It looks like a state of Terraform before 0.12" : "Give a terraform.tfstate, or the output of 'terraform state pull'");
        }
        if (!_seen.Contains("resources"))
        {
            return new Problem($"{name} has no list of resources, so it is not a whole state");
        }
        return new StateSummary(name, _terraform, _serial, _lineage, _before + _end, _resources, _judged, _data, [.. _types]);
    }

    private Problem Broken(Exception error)
    {
        if (_before == 0 && _end >= 2 && _buffer.AsSpan().StartsWith("PK"u8))
        {
            return new Problem($"{name} is an archive, perhaps a saved plan, not a state", "Give a terraform.tfstate, or the output of 'terraform state pull'");
        }
        var json = error as JsonException;
        var line = json?.LineNumber + 1 ?? LineOf(_start);
        // The parser's message may quote the file, so it is not repeated.
        var cut = _isLast && json is not null && (json.Message.Contains("reached end of data", StringComparison.Ordinal) || json.Message.Contains("end of the JSON payload", StringComparison.Ordinal));
        return new Problem(string.Create(CultureInfo.InvariantCulture, $"{name}:{line}: {(cut ? $"the state ends in the middle, after {_before + _end:N0} bytes" : error is FormatException ? error.Message : "this is not JSON as Terraform writes it")}"),
            cut ? "It was cut off when it was copied or written: fetch it again" : "Give a terraform.tfstate, or the output of 'terraform state pull'");
    }

    /// <param name="at">A place in the buffer.</param>
    private long LineOf(int at) => _linesBefore + 1 + _buffer.AsSpan(0, at).Count((byte)'\n');

    private string Where(int at) => Where(LineOf(at));

    private string Where(long line) => string.Create(CultureInfo.InvariantCulture, $"{name}:{line}");
}
