using Plumb.Cli.Configuration;
using Plumb.Recorder.Saved;
using Xunit;

namespace Plumb.Tests.Cli;

public sealed class PlumbConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Without_a_file_the_recorder_is_on_and_has_its_usual_limits() =>
        Assert.Equal(new RecorderSettings(true, new RecordingLimits(200, 256L << 20, 5)), PlumbConfiguration.Load(null, _directory.Path).Value!.Recorder);

    [Fact]
    public void The_recorders_settings_are_read() =>
        Assert.Equal(new RecorderSettings(false, new RecordingLimits(20, 1L << 30, 2)), Load("recorder:\n  enabled: false\n  keep: 20\n  size: 1GiB\n  perContainer: 2\n").Value!.Recorder);

    [Theory]
    [InlineData("keep: 0", "2:9: 'recorder.keep' is a whole number from 1 to 10000, not '0'")]
    [InlineData("size: 256", "2:9: 'recorder.size' is a size from 2MiB to 1024GiB, with its unit (512KiB, 256MiB, 2GiB), not '256'")]
    [InlineData("size: 1MiB", "2:9: 'recorder.size' is a size from 2MiB to 1024GiB, with its unit (512KiB, 256MiB, 2GiB), not '1MiB'")]
    [InlineData("perContainer: many", "2:17: 'recorder.perContainer' is a whole number from 1 to 10000, not 'many'")]
    [InlineData("enabled: off", "2:12: 'recorder.enabled' is true or false, not 'off'")]
    [InlineData("per_container: 3", "2:3: there is no setting 'recorder.per_container'. Did you mean 'perContainer'?")]
    public void A_wrong_setting_of_the_recorder_is_one_line_with_its_place(string setting, string line) =>
        Assert.Equal($"the configuration has 1 error:\n  {_directory.File("plumb.yaml")}:{line}", Load($"recorder:\n  {setting}\n").Problem!.What);

    private Plumb.Core.Result<PlumbConfiguration> Load(string text)
    {
        File.WriteAllText(_directory.File("plumb.yaml"), text);
        return PlumbConfiguration.Load(null, _directory.Path);
    }
}
