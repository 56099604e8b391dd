using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Platform;

public sealed class LabStateTests : IDisposable
{
    private readonly PlumbHome _home = new(Directory.CreateTempSubdirectory("plumb-state").FullName);

    public void Dispose() => Directory.Delete(_home.Path, recursive: true);

    [Fact]
    public void A_home_without_a_state_file_has_no_lab() => Assert.Null(LabState.Running(_home));

    [Fact]
    public void A_running_lab_is_found_by_its_state_file_and_only_its_owner_can_read_it()
    {
        State(Environment.ProcessId, LabState.StartOf(Environment.ProcessId)!.Value).Write(_home);

        Assert.Equal(Environment.ProcessId, LabState.Running(_home)!.Value.Value!.Pid);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.File(LabState.FileName)));
    }

    [Fact]
    public void A_file_whose_process_id_was_given_to_another_program_is_no_running_lab()
    {
        State(Environment.ProcessId, LabState.StartOf(Environment.ProcessId)!.Value - 1).Write(_home);
        Assert.Null(LabState.Running(_home));
    }

    [Fact]
    public void A_broken_state_file_is_an_error_and_not_the_absence_of_a_lab()
    {
        File.WriteAllText(_home.File(LabState.FileName), "{");
        Assert.False(LabState.Running(_home)!.Value.IsOk);
    }

    private static LabState State(int pid, long start) => new()
    {
        Pid = pid,
        ProcessStart = start,
        StartedAt = DateTimeOffset.UnixEpoch,
        Phase = LabPhase.Ready,
        Nodes = 3,
        Kubeconfig = "/tmp/kubeconfig",
        Server = new Uri("https://127.0.0.1:6443"),
    };
}
