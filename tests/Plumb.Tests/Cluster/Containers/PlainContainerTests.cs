using Plumb.Cluster.Containers;
using Xunit;

namespace Plumb.Tests.Cluster.Containers;

public sealed class PlainContainerTests
{
    private static readonly ContainerSpec Spec = new("id", "uid", "/c", ["x"])
    {
        Mounts = [new BindMount("/v/config", "/etc/app"), new BindMount("/v/data", "/data"), new BindMount("/v/deep", "/data/deep"), new BindMount("/v/slash", "/s/")],
    };

    [Theory]
    [InlineData("/etc/app/x.yaml", "/v/config/x.yaml")]
    [InlineData("--config=/etc/app/x.yaml", "--config=/v/config/x.yaml")]
    [InlineData("cat '/data' \"/data\"; ls /data:/etc/app", "cat '/v/data' \"/v/data\"; ls /v/data:/v/config")]
    [InlineData("/data/deep/er and /data/shallow", "/v/deep/er and /v/data/shallow")]
    [InlineData("/s/x", "/v/slash/x")]
    public void A_path_of_a_mount_becomes_the_path_where_the_volume_is(string text, string translated) => Assert.Equal(translated, PlainContainer.Translate(Spec, text));

    [Theory]
    [InlineData("/var/data/x")]
    [InlineData("/database /data-old /data.bak /data_2")]
    [InlineData("./data ../data")]
    [InlineData("/etc/application")]
    [InlineData("http://host/data")]
    public void A_path_that_only_looks_like_it_is_left_alone(string text) => Assert.Equal(text, PlainContainer.Translate(Spec, text));

    [Fact]
    public void The_containers_own_files_are_written_and_found()
    {
        using var directory = new TemporaryDirectory();
        var made = PlainContainer.Of(
            Spec with { Directory = directory.Path, Command = ["/usr/local/bin/start.sh", "/data"], Files = new Dictionary<string, string> { ["/usr/local/bin/start.sh"] = "#!/bin/sh\nexec cat /etc/app/x\n" } }, "lab-1");

        Assert.Equal([$"{directory.Path}/files/usr/local/bin/start.sh", "/v/data"], made.Command);
        Assert.Equal("#!/bin/sh\nexec cat /v/config/x\n", File.ReadAllText(made.Command[0]));
        Assert.True(File.GetUnixFileMode(made.Command[0]).HasFlag(UnixFileMode.UserExecute));
        Assert.Contains(KeyValuePair.Create("PLUMB_LAB", "lab-1"), made.Environment);
    }
}
