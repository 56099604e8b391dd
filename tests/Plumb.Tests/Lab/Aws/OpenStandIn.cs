using Plumb.Lab.Aws;
using Plumb.Platform.Aws;
using Xunit;

namespace Plumb.Tests.Lab.Aws;

/// <summary>A stand-in with an account of its own, and clients of it that retry without waiting.</summary>
internal sealed class OpenStandIn : IAsyncDisposable
{
    private readonly TemporaryDirectory? _own;
    private readonly List<AwsClient> _clients = [];

    private OpenStandIn(string home, TemporaryDirectory? own, StandIn standIn) => (Home, _own, StandIn) = (home, own, standIn);

    public StandIn StandIn { get; }

    public string Home { get; }

    /// <param name="home">An account that may be there already; null: one that goes with the test.</param>
    public static async Task<OpenStandIn> StartAsync(string? home = null)
    {
        var own = home is null ? new TemporaryDirectory() : null;
        home ??= own!.Path;
        return new OpenStandIn(home, own, await StandIn.StartAsync(new StandInOptions(home) { CostPageSize = 50 }, TestContext.Current.CancellationToken));
    }

    public AwsOptions Options => new(TimeProvider.System)
    {
        Endpoint = StandIn.Endpoint, Keys = StandIn.Keys, Region = StandIn.Region, RetryDelay = TimeSpan.FromMilliseconds(1), RequestTimeout = TimeSpan.FromSeconds(20),
    };

    public AwsClient Client(AwsOptions? options = null)
    {
        var opened = AwsClient.Open(options ?? Options);
        Assert.True(opened.IsOk, opened.Error?.ToString());
        _clients.Add(opened.Value);
        return opened.Value;
    }

    /// <summary>Puts a fault into the stand-in's folder, as a scene does.</summary>
    public void Break(string name, string json)
    {
        var folder = Directory.CreateDirectory(StandIn.FaultsIn(Home)).FullName;
        File.WriteAllText(Path.Combine(folder, name + ".json"), json);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await StandIn.DisposeAsync();
        _own?.Dispose();
    }
}
