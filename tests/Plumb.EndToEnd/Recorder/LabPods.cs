using System.Text.RegularExpressions;
using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>Pods for the flight recorder of the running lab, made by kubectl.</summary>
internal sealed partial record LabPods(LabOfTheProgram Lab)
{
    public const string Kubectl = "kubectl --kubeconfig $(./plumb kubeconfig)";

    /// <summary>Starts the lab, where its recorder can run.</summary>
    public async Task StartAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        await Lab.StateAsync();
    }

    /// <summary>A pod of one container, main, which runs a shell script as user 1000 and is not restarted.</summary>
    /// <param name="more">Lines of the container, each with its four blanks, then lines of the pod.</param>
    public static string Manifest(string name, string script, string more = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          securityContext: {runAsUser: 1000}
          restartPolicy: Never
          containers:
          - name: main
            image: busybox
            command: [sh, -c, {{System.Text.Json.JsonSerializer.Serialize(script)}}]
        {{more}}
        """;

    public static string Apply(string manifest) => $"""
        {Kubectl} apply -f - <<'END' >&2 || exit 9
        {manifest}
        END
        """;

    /// <summary>The id of the newest recording of a pod, which is waited for.</summary>
    public async Task<string> RecordingAsync(string pod)
    {
        var listed = await Lab.ShellAsync($"for i in $(seq 150); do ./plumb trace recordings | grep -m 1 ' {pod} ' && exit 0; sleep 0.2; done; ./plumb trace recordings >&2; exit 8");
        Assert.True(listed.ExitCode == 0, $"no recording of {pod}: {listed.Output}{listed.Error}");
        return Id().Match(listed.Output).Value;
    }

    [GeneratedRegex("[0-9a-f]{12}", RegexOptions.None, 1000)]
    private static partial Regex Id();
}
