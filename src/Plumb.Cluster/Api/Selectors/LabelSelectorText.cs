namespace Plumb.Cluster.Api.Selectors;

/// <summary>A label selector as it stands in a query: <c>app=web,tier in (a,b),!old</c>.</summary>
internal sealed class LabelSelectorText
{
    private const string Operators = "in, notin, =, ==, !=, gt, lt";

    private readonly List<(string Key, string Operator, IReadOnlyList<string> Values)> _requirements = [];

    public bool IsEmpty => _requirements.Count == 0;

    public bool Matches(IReadOnlyDictionary<string, string> labels) => _requirements.TrueForAll(requirement => Matches(requirement, labels));

    private static bool Matches((string Key, string Operator, IReadOnlyList<string> Values) requirement, IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(requirement.Key, out var value);
        return requirement.Operator switch
        {
            "in" => present && requirement.Values.Contains(value),
            "notin" => !present || !requirement.Values.Contains(value),
            "exists" => present,
            "gt" => present && long.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var mine) && mine > long.Parse(requirement.Values[0], System.Globalization.CultureInfo.InvariantCulture),
            "lt" => present && long.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var mine) && mine < long.Parse(requirement.Values[0], System.Globalization.CultureInfo.InvariantCulture),
            _ => !present,
        };
    }

    /// <summary>The selector, or why the text is none, in the server's words.</summary>
    public static (LabelSelectorText? Selector, string? Error) Parse(string text)
    {
        var selector = new LabelSelectorText();
        var tokens = Tokens(text);
        var at = 0;
        while (at < tokens.Count)
        {
            if (selector.ReadOne(tokens, ref at) is { } error)
            {
                return (null, error);
            }
            if (at < tokens.Count)
            {
                if (tokens[at] != ",")
                {
                    return (null, $"found '{tokens[at]}', expected: ',' or 'end of string'");
                }
                at++;
                if (at == tokens.Count)
                {
                    return (null, "found '', expected: identifier after ','");
                }
            }
        }
        return (selector, null);
    }

    private string? ReadOne(List<string> tokens, ref int at)
    {
        if (tokens[at] == "!")
        {
            if (at + 1 >= tokens.Count || IsSign(tokens[at + 1]))
            {
                return "unable to parse requirement: found '', expected: identifier";
            }
            _requirements.Add((tokens[at + 1], "absent", []));
            at += 2;
            return null;
        }
        var key = tokens[at];
        if (IsSign(key))
        {
            return $"unable to parse requirement: found '{key}', expected: !, identifier, or 'end of string'";
        }
        if (Validation.Names.QualifiedName(key) is { } wrong)
        {
            return $"unable to parse requirement: <nil>: Invalid value: \"{key}\": {wrong}";
        }
        at++;
        if (at == tokens.Count || tokens[at] == ",")
        {
            _requirements.Add((key, "exists", []));
            return null;
        }
        var sign = tokens[at++];
        switch (sign)
        {
            case "=" or "==" or "!=":
                var value = at < tokens.Count && !IsSign(tokens[at]) ? tokens[at++] : "";
                if (Validation.Names.LabelValue(value) is { } bad)
                {
                    return $"unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": {bad}";
                }
                _requirements.Add((key, sign == "!=" ? "notin" : "in", [value]));
                return null;
            case "in" or "notin":
                return ReadSet(key, sign, tokens, ref at);
            case ">" or "<":
                if (at == tokens.Count || !long.TryParse(tokens[at], System.Globalization.CultureInfo.InvariantCulture, out _))
                {
                    return $"unable to parse requirement: values[0][{key}]: Invalid value: \"{(at < tokens.Count ? tokens[at] : "")}\": for 'Gt', 'Lt' operators, the value must be an integer";
                }
                _requirements.Add((key, sign == ">" ? "gt" : "lt", [tokens[at++]]));
                return null;
            default:
                return $"unable to parse requirement: found '{sign}', expected: {Operators}";
        }
    }

    private string? ReadSet(string key, string sign, List<string> tokens, ref int at)
    {
        if (at == tokens.Count || tokens[at] != "(")
        {
            return $"unable to parse requirement: found '{(at < tokens.Count ? tokens[at] : "")}' expected: '('";
        }
        at++;
        var values = new List<string>();
        while (at < tokens.Count && tokens[at] != ")")
        {
            if (tokens[at] != ",")
            {
                values.Add(tokens[at]);
            }
            at++;
        }
        if (at == tokens.Count)
        {
            return "unable to parse requirement: found '', expected: ',', or ')'";
        }
        at++;
        _requirements.Add((key, sign, values.Count == 0 ? [""] : values));
        return null;
    }

    private static bool IsSign(string token) => token is "=" or "==" or "!=" or "," or "(" or ")" or "!" or ">" or "<";

    private static List<string> Tokens(string text)
    {
        const string Special = "=!(),<>";
        var tokens = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }
            var start = i;
            if (Special.Contains(text[i], StringComparison.Ordinal))
            {
                i += i + 1 < text.Length && text[i] is '=' or '!' && text[i + 1] == '=' ? 2 : 1;
            }
            else
            {
                while (i < text.Length && !char.IsWhiteSpace(text[i]) && !Special.Contains(text[i], StringComparison.Ordinal))
                {
                    i++;
                }
            }
            tokens.Add(text[start..i]);
        }
        return tokens;
    }
}
