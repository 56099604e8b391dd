using System.Xml.Linq;
using Plumb.Lab.Aws.Ec2;

namespace Plumb.Lab.Aws;

internal sealed class StsApi : IApi
{
    public Wire Wire => Wire.Query;

    public string? OperationOf(ApiRequest request) => Form.Parse(request).Action;

    public ApiReply Answer(ApiRequest request, string operation) => operation == "GetCallerIdentity"
        ? ApiReply.Xml(ApiFault.Qualified("https://sts.amazonaws.com/doc/2011-06-15/", new XElement("GetCallerIdentityResponse",
            new XElement("GetCallerIdentityResult", new XElement("Arn", request.User.Arn), new XElement("UserId", request.User.Id), new XElement("Account", User.Account)),
            new XElement("ResponseMetadata", new XElement("RequestId", request.Id)))))
        : throw new ApiFault(400, "InvalidAction", $"Could not find operation {operation} for version 2011-06-15");
}
