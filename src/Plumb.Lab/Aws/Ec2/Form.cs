using System.Globalization;
using System.Text;

namespace Plumb.Lab.Aws.Ec2;

/// <summary>The posted form of a Query call. A parameter that nobody reads is refused: ignoring one could make the answer a wrong one.</summary>
internal sealed class Form
{
    private const int MostParameters = 5000;
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal) { "Action", "Version" };

    public string? Action => _values.GetValueOrDefault("Action");

    public static Form Parse(ApiRequest request)
    {
        var form = new Form();
        var text = request.Method == "GET" ? request.Query : Encoding.UTF8.GetString(request.Body);
        foreach (var pair in text.Split('&', MostParameters + 1, StringSplitOptions.RemoveEmptyEntries))
        {
            if (form._values.Count == MostParameters)
            {
                throw new ApiFault(400, "RequestLimitExceeded", $"The lab's AWS takes {MostParameters} parameters a request.");
            }
            var parts = pair.Split('=', 2);
            form._values[Decode(parts[0])] = parts.Length > 1 ? Decode(parts[1]) : "";
        }
        return form;
    }

    public string? Text(string name)
    {
        _read.Add(name);
        return _values.GetValueOrDefault(name);
    }

    public string Needed(string name) => Text(name) is { Length: > 0 } text ? text : throw new ApiFault(400, "MissingParameter", $"The request must contain the parameter {name}");

    public bool Flag(string name) => string.Equals(Text(name), "true", StringComparison.OrdinalIgnoreCase);

    public int? Number(string name) => Text(name) switch
    {
        null => null,
        { } text when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw new ApiFault(400, "InvalidParameterValue", $"Value ({text}) for parameter {name} is invalid. Expecting a number."),
    };

    /// <summary>The prefixes of a list's entries, in order: <c>IpPermissions.1</c>, <c>IpPermissions.2</c>, …</summary>
    public IReadOnlyList<string> Entries(string list) =>
    [
        .. _values.Keys.Where(name => name.StartsWith(list + ".", StringComparison.Ordinal)).Select(name => name[(list.Length + 1)..].Split('.')[0])
            .Distinct().Where(index => index.All(char.IsAsciiDigit)).OrderBy(index => int.Parse(index, CultureInfo.InvariantCulture)).Select(index => $"{list}.{index}"),
    ];

    public IReadOnlyList<string> Texts(string list) => [.. Entries(list).Select(entry => Text(entry) ?? "")];

    /// <summary>Called after the last read.</summary>
    public void Done()
    {
        if (_values.Keys.FirstOrDefault(name => !_read.Contains(name)) is { } unknown)
        {
            throw new ApiFault(400, "UnknownParameter", $"The parameter {unknown} is not recognized");
        }
        if (Flag("DryRun"))
        {
            throw new ApiFault(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
        }
    }

    /// <summary>Marks what stands at a name and below it as read.</summary>
    public void Ignore(string prefix)
    {
        foreach (var name in _values.Keys.Where(name => name == prefix || name.StartsWith(prefix + ".", StringComparison.Ordinal)))
        {
            _read.Add(name);
        }
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
