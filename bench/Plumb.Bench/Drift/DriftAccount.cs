using System.Globalization;
using System.Net;
using System.Text;

namespace Plumb.Bench.Drift;

/// <summary>
/// An account of many security groups, as a state and as EC2's pages, made beforehand: the server only sends bytes, so that what is measured is the
/// reading and the judging.
/// </summary>
internal sealed class DriftAccount : IAsyncDisposable
{
    private const int PageSize = 1000;
    private const string Account = "123456789012";
    private const string Region = "eu-west-1";

    private readonly byte[][] _pages;
    private readonly HttpListener _listener = new();
    private readonly Task _serving;
    private int _describeCalls;
    private int _calls;

    /// <param name="added">Groups whose answer has a rule that the state has not.</param>
    public DriftAccount(int groups, int rulesOfGroup, int added, string stateFile)
    {
        WriteState(stateFile, groups, rulesOfGroup);
        _pages = [.. Enumerable.Range(0, (groups + PageSize - 1) / PageSize).Select(page => Page(page, groups, rulesOfGroup, added))];
        var port = FreePort();
        Endpoint = $"http://127.0.0.1:{port}/";
        _listener.Prefixes.Add(Endpoint);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Endpoint { get; }

    /// <summary>DescribeSecurityGroups since the last time this was asked, and all calls.</summary>
    public (int Describe, int All) TakeCalls() => (Interlocked.Exchange(ref _describeCalls, 0), Interlocked.Exchange(ref _calls, 0));

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                var form = await reader.ReadToEndAsync();
                var body = Answer(form);
                context.Response.ContentType = "text/xml;charset=UTF-8";
                context.Response.ContentLength64 = body.Length;
                await context.Response.OutputStream.WriteAsync(body);
                context.Response.Close();
            }
        }
        catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private byte[] Answer(string form)
    {
        Interlocked.Increment(ref _calls);
        string? Of(string name) => form.Split('&').Select(pair => pair.Split('=')).FirstOrDefault(pair => pair[0] == name)?[1];
        switch (Of("Action"))
        {
            case "DescribeSecurityGroups":
                Interlocked.Increment(ref _describeCalls);
                return _pages[int.TryParse(Of("NextToken"), CultureInfo.InvariantCulture, out var page) ? page : 0];
            case "GetCallerIdentity":
                return Encoding.UTF8.GetBytes($"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{Account}:user/bench</Arn><UserId>A</UserId><Account>{Account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
            case "DescribeRegions":
                return Encoding.UTF8.GetBytes($"<DescribeRegionsResponse><regionInfo><item><regionName>{Region}</regionName></item></regionInfo></DescribeRegionsResponse>");
            default:
                // CloudTrail: nobody knows who.
                return Encoding.UTF8.GetBytes("{\"Events\":[]}");
        }
    }

    private static string Id(int group) => string.Create(CultureInfo.InvariantCulture, $"sg-{group:x17}");

    private static (int Port, string Cidr) Rule(int group, int rule) => (1024 + (rule % 7 * 100), string.Create(CultureInfo.InvariantCulture, $"10.{group % 256}.{rule % 256}.0/24"));

    private static byte[] Page(int page, int groups, int rulesOfGroup, int added)
    {
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeSecurityGroupsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><securityGroupInfo>");
        var end = Math.Min(groups, (page + 1) * PageSize);
        for (var group = page * PageSize; group < end; group++)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<item><ownerId>{Account}</ownerId><groupId>{Id(group)}</groupId><groupName>g{group}</groupName><groupDescription>of the bench</groupDescription><vpcId>vpc-1</vpcId><ipPermissions>");
            var rules = Enumerable.Range(0, rulesOfGroup).Select(rule => Rule(group, rule)).Concat(group < added ? [(22, "0.0.0.0/0")] : []);
            foreach (var ports in rules.Reverse().GroupBy(rule => rule.Item1))
            {
                xml.Append(CultureInfo.InvariantCulture, $"<item><ipProtocol>tcp</ipProtocol><fromPort>{ports.Key}</fromPort><toPort>{ports.Key}</toPort><groups/><ipRanges>");
                foreach (var rule in ports)
                {
                    xml.Append(CultureInfo.InvariantCulture, $"<item><cidrIp>{rule.Item2}</cidrIp><description>a rule</description></item>");
                }
                xml.Append("</ipRanges><ipv6Ranges/><prefixListIds/></item>");
            }
            xml.Append("</ipPermissions><ipPermissionsEgress/></item>");
        }
        xml.Append("</securityGroupInfo>");
        if (end < groups)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<nextToken>{page + 1}</nextToken>");
        }
        return Encoding.UTF8.GetBytes(xml.Append("</DescribeSecurityGroupsResponse>").ToString());
    }

    private static void WriteState(string file, int groups, int rulesOfGroup)
    {
        using var writer = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        writer.Write("{\n  \"version\": 4,\n  \"terraform_version\": \"1.9.8\",\n  \"serial\": 1,\n  \"lineage\": \"bench\",\n  \"outputs\": {},\n  \"resources\": [");
        for (var group = 0; group < groups; group++)
        {
            writer.Write($"{(group == 0 ? "" : ",")}\n    {{\n      \"mode\": \"managed\",\n      \"type\": \"aws_security_group\",\n      \"name\": \"g{group}\",\n      \"provider\": \"provider[\\\"registry.terraform.io/hashicorp/aws\\\"]\",\n      \"instances\": [\n        {{\n          \"schema_version\": 1,\n          \"attributes\": {{\n            \"arn\": \"arn:aws:ec2:{Region}:{Account}:security-group/{Id(group)}\",\n            \"egress\": [],\n            \"id\": \"{Id(group)}\",\n            \"ingress\": [");
            for (var rule = 0; rule < rulesOfGroup; rule++)
            {
                var (port, cidr) = Rule(group, rule);
                writer.Write($"{(rule == 0 ? "" : ",")}\n              {{\n                \"cidr_blocks\": [\n                  \"{cidr}\"\n                ],\n                \"description\": \"a rule\",\n                \"from_port\": {port},\n                \"ipv6_cidr_blocks\": [],\n                \"prefix_list_ids\": [],\n                \"protocol\": \"tcp\",\n                \"security_groups\": [],\n                \"self\": false,\n                \"to_port\": {port}\n              }}");
            }
            writer.Write($"\n            ],\n            \"name\": \"g{group}\",\n            \"owner_id\": \"{Account}\",\n            \"vpc_id\": \"vpc-1\"\n          }},\n          \"sensitive_attributes\": []\n        }}\n      ]\n    }}");
        }
        writer.Write("\n  ],\n  \"check_results\": null\n}\n");
    }
}
