namespace Plumb.EndToEnd.Lifecycle;

/// <summary>Which of this cluster's pods stands for which recorded one: the first for the first, the second for the second.</summary>
internal sealed class PodNames
{
    private readonly List<string> _recorded = [];
    private readonly List<string> _own = [];

    public void Recorded(IEnumerable<ObjectChange> changes) => Add(_recorded, changes);

    public void Own(IEnumerable<ObjectChange> changes) => Add(_own, changes);

    public string Translate(string command)
    {
        for (var i = 0; i < Math.Min(_recorded.Count, _own.Count); i++)
        {
            command = command.Replace(_recorded[i], _own[i], StringComparison.Ordinal);
        }
        return command;
    }

    private static void Add(List<string> names, IEnumerable<ObjectChange> changes) =>
        names.AddRange(changes.Where(change => change is { Kind: "Pod", Type: "ADDED" }).Select(change => change.Name).Distinct(StringComparer.Ordinal).Except(names, StringComparer.Ordinal).ToList());
}
