using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Plumb.Platform.Aws;

/// <summary>The Query protocol of EC2 and STS: a form is posted, XML answers.</summary>
internal sealed class QueryApi(AwsTransport transport, AwsService service, string? region, string version)
{
    public async Task<AwsResult<XElement>> CallAsync(string operation, IEnumerable<(string Name, string Value)> parameters, CancellationToken cancellation)
    {
        var form = string.Join('&', parameters.Prepend(("Version", version)).Prepend(("Action", operation))
            .Select(pair => $"{Uri.EscapeDataString(pair.Item1)}={Uri.EscapeDataString(pair.Item2)}"));
        var call = new AwsCall(service, region, operation, HttpMethod.Post, "/", Encoding.UTF8.GetBytes(form), "application/x-www-form-urlencoded; charset=utf-8");
        var answer = await transport.SendAsync(call, cancellation);
        return answer.IsOk ? Xml.Parse(call, answer.Value) : answer.Error;
    }

    /// <summary>All pages of one question. A page that cannot be had is an error of the whole: a part must not look like everything.</summary>
    public async Task<AwsResult<IReadOnlyList<T>>> PagesAsync<T>(
        string operation, IReadOnlyList<(string Name, string Value)> parameters, string items, Func<XElement, T> read, CancellationToken cancellation)
    {
        var all = new List<T>();
        string? token = null;
        for (var page = 0; page < transport.Options.PageLimit; page++)
        {
            var answer = await CallAsync(operation, token is null ? parameters : [.. parameters, ("NextToken", token)], cancellation);
            if (!answer.IsOk)
            {
                return answer.Error;
            }
            all.AddRange(answer.Value.Items(items).Select(read));
            token = answer.Value.Text("nextToken");
            if (string.IsNullOrEmpty(token))
            {
                return all;
            }
        }
        return new AwsError(AwsErrorKind.BadResponse, $"{operation} has more than {transport.Options.PageLimit} pages", "Ask for less");
    }
}

/// <summary>Reading of AWS's XML without its namespaces, which carry a date and nothing else.</summary>
internal static class Xml
{
    public static AwsResult<XElement> Parse(AwsCall call, byte[] body)
    {
        try
        {
            using var stream = new MemoryStream(body);
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, IgnoreWhitespace = true });
            return XElement.Load(reader);
        }
        catch (XmlException error)
        {
            return AwsErrors.BadResponse(call, error.Message);
        }
    }

    public static XElement? Child(this XElement element, string name) => element.Elements().FirstOrDefault(child => child.Name.LocalName == name);

    public static string? Text(this XElement element, string name) => element.Child(name)?.Value;

    /// <summary>EC2's lists: <c>&lt;groups&gt;&lt;item&gt;…</c>.</summary>
    public static IEnumerable<XElement> Items(this XElement element, string list) => element.Child(list)?.Elements() ?? [];

    public static IReadOnlyDictionary<string, string> Tags(this XElement element) =>
        element.Items("tagSet").ToDictionary(tag => tag.Text("key") ?? "", tag => tag.Text("value") ?? "", StringComparer.Ordinal);
}
