using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Cli.Tracing;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Filters;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Saved;
using Plumb.Tests.Recorder;
using Xunit;

namespace Plumb.Tests.Cli;

public sealed class TraceOutputTests
{
    private static readonly RecordedContainer Container = new("node1", "default", "busy", "main", "id");
    private readonly StringWriter _out = new();

    [Fact]
    public void A_hole_between_the_last_calls_is_told_with_its_container_and_the_older_part_of_the_recording_is_not()
    {
        Write(OutputFormat.Text, newest: 2);
        var lines = _out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal("… 2 calls of default/busy/main were overwritten before they could be read", lines[1]);
    }

    [Fact]
    public void Live_every_hole_is_told()
    {
        Write(OutputFormat.Ndjson, newest: null);
        var lines = _out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        Assert.Equal("""{"missing":5,"node":"node1","namespace":"default","pod":"busy","container":"main"}""", lines[0]);
    }

    private void Write(OutputFormat format, int? newest)
    {
        var call = new CallDecoder().Decode(Slots.Call("getpid", [], 1));
        var view = new TraceView(CallFilter.Parse(null, null, null, null, null).Value!, new Privacy(false, []), Statistics: false);
        new TraceOutput(new Terminal(_out, _out, false, false, () => 80, false), DateTimeOffset.UnixEpoch, format, [Container], view, hasEnd: true)
            .Write([(null, 5, Container), (call, 0, Container), (call, 0, Container), (null, 2, Container), (call, 0, Container)], newest);
    }
}
