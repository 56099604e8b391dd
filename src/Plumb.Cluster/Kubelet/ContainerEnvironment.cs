using System.Globalization;
using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Puts a container's environment together, in the order and with the expansion that Kubernetes defines.</summary>
internal sealed class ContainerEnvironment(ClusterApi api, string ns, DownwardApi downward)
{
    /// <returns>The variables, or why they cannot be made (a CreateContainerConfigError).</returns>
    public (IReadOnlyList<KeyValuePair<string, string>> Variables, string? Failure) Build(Container container, bool hasServiceLinks)
    {
        var services = ServiceVariables(hasServiceLinks);
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom ?? [])
        {
            if (From(source, result) is { } failure)
            {
                return ([], failure);
            }
        }
        foreach (var variable in container.Env ?? [])
        {
            var (value, failure) = variable.ValueFrom is { } from ? ValueFrom(from, container) : (Expand(variable.Value ?? "", result, services), null);
            if (failure is not null)
            {
                return ([], failure);
            }
            if (value is not null)
            {
                result[variable.Name] = value;
            }
        }
        foreach (var (name, value) in services)
        {
            result.TryAdd(name, value);
        }
        return ([.. result], null);
    }

    /// <summary>Replaces <c>$(NAME)</c> where the name is known, leaves it where not; <c>$$</c> stands for one dollar sign.</summary>
    public static string Expand(string text, params IReadOnlyList<IReadOnlyDictionary<string, string>> known)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
                continue;
            }
            var end = text[i + 1] == '(' ? text.IndexOf(')', i) : -1;
            if (end < 0)
            {
                result.Append('$');
                continue;
            }
            var name = text[(i + 2)..end];
            var source = known.FirstOrDefault(map => map.ContainsKey(name));
            result.Append(source is null ? text[i..(end + 1)] : source[name]);
            i = end;
        }
        return result.ToString();
    }

    private string? From(EnvFrom source, Dictionary<string, string> into)
    {
        var (kind, reference) = source.ConfigMapRef is { } map ? (Resources.ConfigMaps, map) : (Resources.Secrets, source.SecretRef);
        if (reference is null)
        {
            return null;
        }
        if (api.Get(kind, ns, reference.Name) is not { } found)
        {
            return reference.Optional == true ? null : NotFound(kind, reference.Name);
        }
        foreach (var (key, value) in StoredData.Texts(found))
        {
            into[source.Prefix + key] = value;
        }
        return null;
    }

    private (string? Value, string? Failure) ValueFrom(EnvVarSource from, Container container)
    {
        if (from.FieldRef is { } field)
        {
            return downward.Field(field.FieldPath) is { } text ? (text, null) : (null, $"unsupported fieldPath: {field.FieldPath}");
        }
        if (from.ResourceFieldRef is { } resource)
        {
            return downward.Resource(resource, container) is { } amount ? (amount, null) : (null, $"unsupported container resource : {resource.Resource}");
        }
        var (kind, selector) = from.ConfigMapKeyRef is { } map ? (Resources.ConfigMaps, map) : (Resources.Secrets, from.SecretKeyRef);
        if (selector is null)
        {
            return (null, null);
        }
        if (api.Get(kind, ns, selector.Name) is not { } found)
        {
            return selector.Optional == true ? (null, null) : (null, NotFound(kind, selector.Name));
        }
        return StoredData.Texts(found).TryGetValue(selector.Key, out var value) ? (value, null)
            : selector.Optional == true ? (null, null)
            : (null, $"couldn't find key {selector.Key} in {kind.Kind} {ns}/{selector.Name}");
    }

    private static string NotFound(ResourceKind kind, string name) => $"{kind.Singular} \"{name}\" not found";

    /// <summary>Variables for every Service of the namespace, and for the API's own Service in any case.</summary>
    private Dictionary<string, string> ServiceVariables(bool hasServiceLinks)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var services = hasServiceLinks ? api.List(Resources.Services, ns) : [];
        var master = api.Get(Resources.Services, "default", "kubernetes");
        foreach (var item in master is null ? services : services.Where(service => service.Key != master.Key).Append(master))
        {
            var service = item.As(KubeJson.Default.Service);
            if (service.Spec.ClusterIP is { Length: > 0 } address and not "None" && service.Spec.Ports is [var first, ..] ports)
            {
                Add(variables, service.Metadata.Name.ToUpperInvariant().Replace('-', '_'), address, first, ports);
            }
        }
        return variables;
    }

    private static void Add(Dictionary<string, string> variables, string name, string address, ServicePort first, IReadOnlyList<ServicePort> ports)
    {
        variables[$"{name}_SERVICE_HOST"] = address;
        variables[$"{name}_SERVICE_PORT"] = Text(first.Port);
        foreach (var port in ports.Where(port => port.Name is { Length: > 0 }))
        {
            variables[$"{name}_SERVICE_PORT_{port.Name!.ToUpperInvariant().Replace('-', '_')}"] = Text(port.Port);
        }
        var firstProtocol = (first.Protocol ?? "TCP").ToLowerInvariant();
        variables[$"{name}_PORT"] = $"{firstProtocol}://{address}:{Text(first.Port)}";
        foreach (var port in ports)
        {
            var protocol = port.Protocol ?? "TCP";
            var prefix = $"{name}_PORT_{Text(port.Port)}_{protocol.ToUpperInvariant()}";
            variables[prefix] = $"{protocol.ToLowerInvariant()}://{address}:{Text(port.Port)}";
            variables[$"{prefix}_PROTO"] = protocol.ToLowerInvariant();
            variables[$"{prefix}_PORT"] = Text(port.Port);
            variables[$"{prefix}_ADDR"] = address;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
