using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>The conditions of a status: at most one of each type, and the time of its last change of mind.</summary>
internal sealed class StatusConditions(IReadOnlyList<Condition>? present, DateTimeOffset now)
{
    private readonly List<Condition> _items = [.. present ?? []];

    public Condition? this[string type] => _items.FirstOrDefault(item => item.Type == type);

    public void Remove(string type) => _items.RemoveAll(item => item.Type == type);

    /// <summary>Sets a condition. The same status and reason again changes nothing, not even the message; the same status keeps its transition time.</summary>
    public void Set(string type, string status, string reason, string message)
    {
        var known = this[type];
        if (known is not null && known.Status == status && known.Reason == reason)
        {
            return;
        }
        Replace(type, status, reason, message, known?.Status == status ? known.LastTransitionTime ?? now : now);
    }

    /// <summary>Sets a condition even when status and reason are the same, so that its update time moves: a sign of progress.</summary>
    public void Renew(string type, string status, string reason, string message) =>
        Replace(type, status, reason, message, this[type] is { } known && known.Status == status ? known.LastTransitionTime ?? now : now);

    private void Replace(string type, string status, string reason, string message, DateTimeOffset since)
    {
        Remove(type);
        _items.Add(new Condition { Type = type, Status = status, Reason = reason, Message = message, LastUpdateTime = now, LastTransitionTime = since });
    }

    /// <param name="withUpdateTime">Deployments carry lastUpdateTime; other kinds do not.</param>
    public JsonArray? ToJson(bool withUpdateTime)
    {
        if (_items.Count == 0)
        {
            return null;
        }
        var list = new JsonArray();
        foreach (var item in _items)
        {
            var json = new JsonObject { ["type"] = item.Type, ["status"] = item.Status };
            if (withUpdateTime)
            {
                json["lastUpdateTime"] = (item.LastUpdateTime ?? now).ToKubeTime();
            }
            json["lastTransitionTime"] = (item.LastTransitionTime ?? now).ToKubeTime();
            json["reason"] = item.Reason;
            json["message"] = item.Message;
            list.Add(json);
        }
        return list;
    }
}
