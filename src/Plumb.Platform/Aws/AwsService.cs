namespace Plumb.Platform.Aws;

/// <summary>One service as the wire knows it.</summary>
/// <param name="Prefix">Of its host name and its IAM actions, for instance <c>ec2</c>; also the signing name.</param>
/// <param name="EndpointVariable">What follows <c>AWS_ENDPOINT_URL_</c>.</param>
/// <param name="Name">For people.</param>
public sealed record AwsService(string Prefix, string EndpointVariable, string Name)
{
    /// <summary>Where services without a region of their own are signed for.</summary>
    public const string GlobalRegion = "us-east-1";

    public static readonly AwsService CostExplorer = new("ce", "COST_EXPLORER", "Cost Explorer");
    public static readonly AwsService Ec2 = new("ec2", "EC2", "EC2");
    public static readonly AwsService CloudTrail = new("cloudtrail", "CLOUDTRAIL", "CloudTrail");
    public static readonly AwsService SecretsManager = new("secretsmanager", "SECRETS_MANAGER", "Secrets Manager");
    public static readonly AwsService S3 = new("s3", "S3", "S3");
    public static readonly AwsService Sts = new("sts", "STS", "STS");
}
