using Plumb.Cluster;

namespace Plumb.EndToEnd.Kubectl;

/// <summary>One cluster with three nodes for all tests of a class; each test has a namespace of its own in it.</summary>
public sealed class KubectlCluster : IAsyncLifetime
{
    private LabCluster? _cluster;

    public async ValueTask InitializeAsync()
    {
        if (KubectlProgram.Newest is not null)
        {
            _cluster = await LabCluster.StartAsync(nodes: 3);
        }
    }

    internal KubectlProgram With(string path) => new(path, _cluster!.KubeconfigPath, _cluster.StateDirectory);

    /// <summary>The newest kubectl of this machine; without one the test is skipped.</summary>
    internal KubectlProgram Newest()
    {
        Assert.SkipWhen(_cluster is null, "needs a kubectl: none is in PATH");
        return With(KubectlProgram.Newest!);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
