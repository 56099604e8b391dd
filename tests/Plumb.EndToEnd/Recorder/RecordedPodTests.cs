using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>A pod of the lab that crashes on a file which it may not write: what the recorder says, from the first execve of each of its containers.</summary>
public sealed class RecordedPodTests(LabOfTheProgram lab)
{
    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: crash-app}
        spec:
          securityContext: {runAsUser: 1000}
          containers:
          - name: main
            image: busybox
            command: [sh, -c, "echo App starting...; sleep 2; echo x > /etc/passwd || exit 1"]
        """;

    [Fact]
    public async Task The_refused_file_of_a_crashing_pod_is_named_with_its_user()
    {
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        await lab.StateAsync();
        const string Kubectl = "kubectl --kubeconfig $(./plumb kubeconfig)";
        try
        {
            var traced = await lab.ShellAsync($"""
                {Kubectl} apply -f - <<'END' >&2 || exit 9
                {Manifest}
                END
                until [ "$({Kubectl} get pod crash-app -o 'jsonpath={"{.status.phase}"}')" = Running ]; do sleep 0.1; done
                timeout --foreground -s INT 15 ./plumb trace pod/crash-app --explain
                """);
            Assert.Contains("NODE", traced.Output, StringComparison.Ordinal);
            Assert.Matches("node\\d +default +crash-app +main +\\d+ +\\d+ +sh +openat +dfd=AT_FDCWD, filename=\"/etc/passwd\".* -1 EACCES \\(Permission denied\\)", traced.Output);
            Assert.Matches("openat\\(\"/etc/passwd\"\\) = EACCES \\(Permission denied\\) as user 1000, .* before", traced.Output);
            Assert.Matches("pod default/crash-app: [\\d,]+ calls recorded, 0 lost", traced.Error);
            var missing = await lab.ShellAsync("./plumb trace pod/not-there");
            Assert.Contains("there is no pod 'not-there' in the namespace 'default' of the lab", missing.Error, StringComparison.Ordinal);
        }
        finally
        {
            await lab.ShellAsync($"{Kubectl} delete pod crash-app --now");
        }
    }
}
