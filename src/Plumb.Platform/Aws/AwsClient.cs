namespace Plumb.Platform.Aws;

/// <summary>
/// The few calls of AWS that Plumb makes, over one connection pool and one credential. Opening it reads the environment and the profile, and
/// asks nobody; the credential is looked for by the first call. Every call returns a value or an <see cref="AwsError"/> and has pages, retries
/// and time-outs behind it.
/// </summary>
public sealed class AwsClient : IDisposable
{
    private readonly AwsTransport _transport;
    private readonly bool _ownsTransport;

    private AwsClient(AwsTransport transport, string? region, bool ownsTransport)
    {
        (_transport, Region, _ownsTransport) = (transport, region, ownsTransport);
        Sts = new Sts(transport, region);
        CostExplorer = new CostExplorer(transport);
        Ec2 = new Ec2(transport, region);
        CloudTrail = new CloudTrail(transport, region);
        Secrets = new Secrets(transport, region);
        S3 = new S3(transport, region);
    }

    /// <summary>Null when none is configured: then every call but Cost Explorer's is an error that says so.</summary>
    public string? Region { get; }

    /// <summary>Requests sent so far, retries included, over all regions of this client.</summary>
    public int Requests => _transport.Requests;

    public Sts Sts { get; }

    public CostExplorer CostExplorer { get; }

    public Ec2 Ec2 { get; }

    public CloudTrail CloudTrail { get; }

    public Secrets Secrets { get; }

    public S3 S3 { get; }

    public static AwsResult<AwsClient> Open(AwsOptions options)
    {
        var settings = AwsSettings.Read(options);
        return settings.IsOk ? new AwsClient(new AwsTransport(options, settings.Value), settings.Value.Region, ownsTransport: true) : settings.Error;
    }

    /// <summary>The same client in another region; it lives as long as this one.</summary>
    public AwsClient In(string region) => new(_transport, region, ownsTransport: false);

    /// <summary>Where a service is asked, for reports: <c>https://ec2.eu-west-1.amazonaws.com/</c>, or the lab's stand-in.</summary>
    public Uri EndpointOf(AwsService service) => _transport.Endpoint(service, Region ?? AwsService.GlobalRegion);

    public void Dispose()
    {
        if (_ownsTransport)
        {
            _transport.Dispose();
        }
    }
}
