using YamlDotNet.RepresentationModel;

namespace Plumb.Platform.Kubernetes.Configuration;

/// <summary>Reading of YAML in which every complaint has a position. The first complaint is kept; reading goes on with defaults.</summary>
internal sealed class YamlFields(string file)
{
    public KubeError? Error { get; private set; }

    public string? Text(YamlNode? parent, string key)
    {
        switch (Child(parent, key))
        {
            case null:
                return null;
            case YamlScalarNode scalar:
                return scalar.Value is { Length: > 0 } and not "null" and not "~" || scalar.Style is YamlDotNet.Core.ScalarStyle.DoubleQuoted ? scalar.Value : null;
            case var other:
                Complain(other, $"'{key}' must be a text");
                return null;
        }
    }

    public bool Flag(YamlNode? parent, string key)
    {
        var text = Text(parent, key);
        if (text is null or "true" or "false")
        {
            return text == "true";
        }
        Complain(Child(parent, key)!, $"'{key}' must be true or false, not '{text}'");
        return false;
    }

    public YamlMappingNode? Map(YamlNode? parent, string key) => Child(parent, key) switch
    {
        YamlMappingNode map => map,
        null or YamlScalarNode { Value: "" or null or "null" or "~" } => null,
        var other => Complain<YamlMappingNode>(other, $"'{key}' must be a mapping"),
    };

    public IReadOnlyList<YamlNode> List(YamlNode? parent, string key) => Child(parent, key) switch
    {
        YamlSequenceNode list => [.. list.Children],
        null or YamlScalarNode { Value: "" or null or "null" or "~" } => [],
        var other => Complain<IReadOnlyList<YamlNode>>(other, $"'{key}' must be a list") ?? [],
    };

    public static YamlNode? Child(YamlNode? parent, string key) =>
        parent is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    public void Complain(YamlNode at, string what) =>
        Error ??= new KubeError(KubeErrorKind.Configuration, $"{file}:{at.Start.Line}:{at.Start.Column}: {what}.", "Mend the kubeconfig, or choose another one with KUBECONFIG.");

    private T? Complain<T>(YamlNode at, string what)
        where T : class
    {
        Complain(at, what);
        return null;
    }
}
