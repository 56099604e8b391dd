using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;

namespace Plumb.Lab.Aws;

/// <summary>How a service speaks: what its errors look like follows from it.</summary>
internal enum Wire
{
    /// <summary>A form in, XML out, errors in EC2's own envelope.</summary>
    Ec2,

    /// <summary>A form in, XML out (STS).</summary>
    Query,
    Json,
    S3,
}

/// <summary>A request whose sender is known.</summary>
/// <param name="Service">The signing name: <c>ec2</c>, <c>ce</c>, …</param>
/// <param name="Query">As on the wire, without its question mark.</param>
/// <param name="Path">Decoded.</param>
internal sealed record ApiRequest(
    string Id, string Service, string Region, User User, string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body, DateTimeOffset Now, string Source)
{
    /// <summary>Smaller pages than asked for, when a fault wants them; AWS may do that too.</summary>
    public int? PageSize { get; init; }

    public string Agent => Headers.GetValueOrDefault("user-agent", "unknown");
}

internal sealed record ApiReply(int Status, string ContentType, byte[] Body)
{
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The connection breaks after so many bytes.</summary>
    public int? CutAfter { get; init; }

    public static readonly ApiReply Empty = new(204, "", []);

    public static ApiReply Json(JsonNode body, int status = 200) => new(status, "application/x-amz-json-1.1", Encoding.UTF8.GetBytes(body.ToJsonString()));

    public static ApiReply Xml(XElement body, int status = 200)
    {
        using var stream = new MemoryStream();
        // Without a byte order mark, which AWS does not send and not every parser takes.
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            body.Save(writer);
        }
        return new ApiReply(status, "text/xml;charset=UTF-8", stream.ToArray());
    }
}

/// <summary>
/// The API's own refusal. It is thrown, because a refusal can come from any depth of reading a request, and caught at one place, the
/// server's edge, which writes it in the words of the wire.
/// </summary>
internal sealed class ApiFault(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    /// <summary>In S3's errors: what it was about.</summary>
    public IReadOnlyList<(string Name, string Value)> Details { get; init; } = [];

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public ApiReply Reply(Wire wire, string requestId) => Body(wire, requestId) with { Headers = Headers };

    private ApiReply Body(Wire wire, string requestId) => wire switch
    {
        Wire.Json => ApiReply.Json(new JsonObject { ["__type"] = Code, [Code is "UnknownOperationException" or "SerializationException" ? "Message" : "message"] = Message }, Status),
        Wire.Ec2 => ApiReply.Xml(new XElement("Response",
            new XElement("Errors", new XElement("Error", new XElement("Code", Code), new XElement("Message", Message))), new XElement("RequestID", requestId)), Status),
        Wire.Query => ApiReply.Xml(Qualified("https://sts.amazonaws.com/doc/2011-06-15/", new XElement("ErrorResponse",
            new XElement("Error", new XElement("Type", "Sender"), new XElement("Code", Code), new XElement("Message", Message)), new XElement("RequestId", requestId))), Status),
        _ => ApiReply.Xml(new XElement("Error", new XElement("Code", Code), new XElement("Message", Message),
            Details.Select(detail => new XElement(detail.Name, detail.Value)), new XElement("RequestId", requestId), new XElement("HostId", "plumb-lab")), Status) with { ContentType = "application/xml" },
    };

    /// <summary>The same elements in a namespace.</summary>
    public static XElement Qualified(XNamespace ns, XElement element)
    {
        foreach (var each in element.DescendantsAndSelf())
        {
            each.Name = ns + each.Name.LocalName;
        }
        return element;
    }
}

/// <summary>One service of the stand-in.</summary>
internal interface IApi
{
    Wire Wire { get; }

    /// <summary>The API's name of what is asked, for faults and for the trail; null when it is none that this wire can carry.</summary>
    string? OperationOf(ApiRequest request);

    /// <exception cref="ApiFault">The API refuses.</exception>
    ApiReply Answer(ApiRequest request, string operation);
}
