using Plumb.Core.Acting;
using Plumb.Lab.Aws;
using Plumb.Lab.Aws.Cost;

namespace Plumb.Lab.Scenes;

/// <summary>The scenes, in the order in which one would try them.</summary>
public static class SceneCatalogue
{
    private const string Drift = "plumb drift \"$PLUMB_LAB_STATES\"";
    private const string Everywhere = "0.0.0.0/0";

    /// <summary>Fresh: an answer of Cost Explorer is otherwise kept for hours, because a real one costs money.</summary>
    private const string Cost = "plumb cost --from aws";

    public static readonly IReadOnlyList<Scene> All =
    [
        new("cost-spike", "a node group of a test, forgotten on Friday, keeps adding machines", Cost, now => [Bill("cost-spike", now, NodeGroup)]),
        new("new-service", "somebody trains a model in a region that nobody looks at", Cost, now => [Bill("new-service", now, Training)]),
        new("trace-gap", "the notification service loses mails, and the line that says so has lost its trace id", "plumb logs coverage --from lab",
            _ => [PodFault.Step("notification", "mail-timeout")]),
        new("open-port", "a colleague opens 22/tcp of the security group web to everybody, past Terraform", Drift, _ => [AwsChange.Rule(Seed.Web, "web", 22, Everywhere, "temporary, staging test", opens: true)]),
        new("closed-port", "a colleague takes away 80/tcp of the security group web, past Terraform", Drift, _ => [AwsChange.Rule(Seed.Web, "web", 80, Everywhere, "redirects to https", opens: false)]),
        new("invisible-group", "a colleague makes a security group that no Terraform state knows", Drift, _ => [AwsChange.Group("temp-debug", "debugging, remove me"), AwsChange.RuleOfNew("temp-debug", 3389, Everywhere)]),
        new("public-bucket", "a colleague switches off what keeps the bucket of invoices private", Drift, _ => [AwsChange.OpenBucket(Seed.Invoices)]),
        new("aws-denied", "Plumb's user loses the permission ec2:DescribeSecurityGroups", Drift,
            _ => [Fault("aws-denied", new InjectedFault("denied", "ec2", "DescribeSecurityGroups", User: User.Plumb), "Plumb's user may no longer call ec2:DescribeSecurityGroups")]),
        new("aws-throttled", "AWS throttles every call, without end", Drift, _ => [Fault("aws-throttled", new InjectedFault("throttle"), "every call to the lab's AWS is throttled")]),
        new("aws-partial", "the second page of the security groups cannot be read", Drift,
            _ =>
            [
                Fault("aws-partial-1", new InjectedFault("pages", "ec2", Size: 3), "pages have three entries"),
                Fault("aws-partial-2", new InjectedFault("denied", "ec2", "DescribeSecurityGroups", After: 1, User: User.Plumb), "DescribeSecurityGroups is denied after its first page"),
            ]),
        new("aws-hangs", "the EC2 API takes requests and never answers", Drift, _ => [Fault("aws-hangs", new InjectedFault("hang", "ec2"), "EC2 requests are never answered")]),
    ];

    public static IReadOnlyList<string> Names => [.. All.Select(scene => scene.Name)];

    public static Scene? Find(string name) => All.FirstOrDefault(scene => scene.Name == name);

    private static PlanStep Bill(string name, DateTimeOffset now, Func<DateOnly, IEnumerable<BillLine>> lines)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var all = lines(today).ToList();
        return LabFile.Step($"billing/{name}.csv", Aws.Cost.Bill.Write(all), FormattableString.Invariant($"add {all.Sum(line => line.Amount):0.00} USD of {all[0].Service} to the lab's bill"), "the lab's bill");
    }

    private static PlanStep Fault(string name, InjectedFault fault, string title) => LabFile.Step($"faults/{name}.json", InjectedFaults.Write(fault), title, "whoever asks the lab's AWS");

    /// <summary>It began three days ago and grows: what a test leaves behind that scales itself. The newest day is often not judged yet, so it is not the only one.</summary>
    private static IEnumerable<BillLine> NodeGroup(DateOnly today)
    {
        foreach (var (daysAgo, machines, disks) in ((int, decimal, decimal)[])[(3, 36.864m, 1.92m), (2, 110.592m, 5.76m), (1, 165.888m, 8.64m), (0, 92.16m, 4.8m)])
        {
            var day = today.AddDays(-daysAgo);
            yield return new BillLine(day, "Amazon Elastic Compute Cloud - Compute", StandIn.Region, "BoxUsage:m6i.4xlarge", User.Account, machines);
            yield return new BillLine(day, "EC2 - Other", StandIn.Region, "EBS:VolumeUsage.gp3", User.Account, disks);
        }
    }

    private static IEnumerable<BillLine> Training(DateOnly today) => Enumerable.Range(0, 4)
        .Select(daysAgo => new BillLine(today.AddDays(-daysAgo), "Amazon SageMaker", "ap-southeast-2", "APS2-Train:ml.g5.2xlarge", User.Account, daysAgo == 0 ? 14.5344m : 36.336m));
}
