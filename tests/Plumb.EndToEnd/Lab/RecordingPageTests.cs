using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Plumb.EndToEnd.WebConsole;
using static Microsoft.Playwright.Assertions;

namespace Plumb.EndToEnd.Lab;

/// <summary>The page of recordings in the console of a running lab: the calls of a container that crashed, beside what it logged.</summary>
public sealed partial class RecordingPageTests(Chromium chromium, LabOfTheProgram lab) : IClassFixture<Chromium>
{
    private const string Kubectl = "kubectl --kubeconfig $(./plumb kubeconfig)";

    /// <summary>Where it is restarted, its second run goes on: the crash is of the previous run.</summary>
    private static string Manifest(string name, string restartPolicy, string before) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          securityContext: {runAsUser: 1000}
          restartPolicy: {{restartPolicy}}
          volumes: [{name: data, emptyDir: { } }]
          containers:
          - name: main
            image: busybox
            volumeMounts: [{name: data, mountPath: /data}]
            command: [sh, -c, "[ ! -e /data/again ] || exec sleep 1000; touch /data/again; {{before}}echo App starting...; echo x > /etc/passwd || exit 1"]
        """;

    [Theory]
    [InlineData(1280, false, "Never", "", "from its first execve", "execve")]
    [InlineData(390, true, "Always", "dd if=/dev/zero of=/dev/null bs=1 count=5000; for i in $(seq 700); do [ -e /data/$i ]; done; ", "the last 4,096 of", "calls missing: overwritten")]
    public async Task A_refused_call_stands_on_one_time_axis_with_the_log_line_that_came_of_it(int width, bool dark, string restartPolicy, string before, string held, string first)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        await lab.StateAsync();
        var (name, look) = ($"crash-{width}", $"{width}-{(dark ? "dark" : "light")}");
        try
        {
            var id = await CrashAsync(name, Manifest(name, restartPolicy, before), restartPolicy == "Always" ? "Running" : "Failed");
            await using var open = await LabPage.OpenAsync(lab, chromium, "recordings", width, dark);
            var page = open.Page;
            var saved = page.Locator(".saved tbody tr").Filter(new() { HasText = name });
            await Expect(saved).ToContainTextAsync("exit 1");
            await Expect(saved).ToContainTextAsync(held);
            await Accessibility.CheckAsync(page, "recordings-" + look);

            await saved.GetByRole(AriaRole.Link, new() { Name = "Finding" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { NameRegex = FindingHeading() })).ToBeFocusedAsync();
            await Expect(page.Locator(".blamed")).ToContainTextAsync($"Pod default/{name}/main: container main ended with exit 1; ");
            await Expect(page.Locator(".blamed")).ToContainTextAsync("seen once, ");
            await Expect(page.Locator(".saved tbody tr")).ToHaveCountAsync(1);
            await Accessibility.CheckAsync(page, "finding-" + look);

            await page.GetByRole(AriaRole.Link, new() { Name = $"Recording {id}" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = $"Recording {id}" })).ToBeFocusedAsync();
            await Expect(page.Locator(".blamed").First).ToContainTextAsync("openat(\"/etc/passwd\") = EACCES (Permission denied) as user 1000");
            await Expect(page.Locator(".lead").GetByRole(AriaRole.Link)).ToHaveAttributeAsync("href", FindingAddress());
            await page.GetByRole(AriaRole.Button, new() { Name = "Show the call" }).First.ClickAsync();
            var call = page.Locator(".axis .failed").Filter(new() { HasText = "EACCES" });
            await Expect(call).ToContainTextAsync("filename=\"/etc/passwd\"");
            await Expect(call).ToBeFocusedAsync();
            await Expect(page.Locator(".axis .log").Filter(new() { HasText = "App starting..." })).ToHaveCountAsync(1);
            var line = page.Locator(".axis .log").Filter(new() { HasText = "can't create /etc/passwd: Permission denied" });
            Assert.True(await RowAsync(line) > await RowAsync(call), "the log line stands before the call that it came of");
            await Accessibility.CheckAsync(page, "recording-" + look);

            await page.GetByRole(AriaRole.Button, new() { Name = "Only failures" }).ClickAsync();
            await Expect(call).ToBeVisibleAsync();
            await Expect(line).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "Only the log" }).ClickAsync();
            await Expect(line).ToBeVisibleAsync();
            await Expect(page.Locator(".axis li:not(.log)")).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "Everything" }).ClickAsync();
            await page.GetByRole(AriaRole.Slider).PressAsync("Home");
            await page.GetByRole(AriaRole.Slider).PressAsync("ArrowRight");
            await Expect(page.Locator(".axis li").First).ToHaveAttributeAsync("data-row", "0");
            await Expect(page.Locator(".axis li").First).ToContainTextAsync(first);

            await lab.ShellAsync($"{Kubectl} delete pod {name} --now");
            await page.ReloadAsync();
            await Expect(page.GetByText($"The pod default/{name} is gone, and its logs with it. Only the calls are shown.")).ToBeVisibleAsync();
            await Expect(call).ToBeVisibleAsync();
            Assert.Empty(open.Complaints);
        }
        finally
        {
            await lab.ShellAsync($"{Kubectl} delete pod {name} --now --ignore-not-found");
        }
    }

    [Fact]
    public async Task A_pod_that_crashed_has_a_link_to_its_recordings_and_to_no_others()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "recording system calls needs root");
        Assert.SkipUnless(File.Exists("/sys/kernel/btf/vmlinux"), "this kernel has no type information");
        await lab.StateAsync();
        try
        {
            var id = await CrashAsync("crash-linked", Manifest("crash-linked", "Never", ""), "Failed");
            await using var open = await LabPage.OpenAsync(lab, chromium, "overview", 390, true);
            var row = open.Page.Locator(".pods tr").Filter(new() { HasText = "crash-linked" });
            await Accessibility.CheckAsync(open.Page, "overview-crash-390-dark");
            await row.GetByRole(AriaRole.Link, new() { Name = "calls that were recorded of default/crash-linked" }).ClickAsync();
            await Expect(open.Page.GetByRole(AriaRole.Heading, new() { Name = "Recordings of default/crash-linked" })).ToBeVisibleAsync();
            await Expect(open.Page.Locator(".saved tbody tr")).ToHaveCountAsync(1);
            await Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = $"Recording {id}" })).ToBeVisibleAsync();
            await Expect(open.Page.Locator(".pods tr").Filter(new() { HasText = "ledger" }).GetByRole(AriaRole.Link)).ToHaveCountAsync(0);
            Assert.Empty(open.Complaints);
        }
        finally
        {
            await lab.ShellAsync($"{Kubectl} delete pod crash-linked --now --ignore-not-found");
        }
    }

    [Fact]
    public async Task Only_ids_of_recordings_are_asked_for()
    {
        await using var open = await LabPage.OpenAsync(lab, chromium, "recordings", 1280, false);
        await open.Page.EvaluateAsync("location.hash = '/etc/passwd.plumbrec'");
        await Expect(open.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "is no id of a recording" })).ToBeVisibleAsync();
    }

    private static async Task<int> RowAsync(ILocator row) => int.Parse((await row.GetAttributeAsync("data-row"))!, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The id of the recording that was saved when the container failed; the pod is then in the phase, after its restart if there is one.</summary>
    private async Task<string> CrashAsync(string name, string manifest, string phase)
    {
        var listed = await lab.ShellAsync($"""
            {Kubectl} apply -f - <<'END' >&2 || exit 9
            {manifest}
            END
            until [ "$({Kubectl} get pod {name} -o 'jsonpath={"{.status.phase} {.status.containerStatuses[0].restartCount}"}')" = "{phase} {(phase == "Running" ? 1 : 0)}" ]; do sleep 0.2; done
            for i in $(seq 100); do ./plumb trace recordings | grep " {name} " && exit 0; sleep 0.2; done; exit 8
            """);
        Assert.True(listed.ExitCode == 0, listed.Output + listed.Error);
        return Id().Match(listed.Output).Value;
    }

    [GeneratedRegex("^Finding [0-9a-f]{12}$", RegexOptions.None, 1000)]
    private static partial Regex FindingHeading();

    [GeneratedRegex("^#finding-[0-9a-f]{12}$", RegexOptions.None, 1000)]
    private static partial Regex FindingAddress();

    [GeneratedRegex("[0-9a-f]{12}", RegexOptions.None, 1000)]
    private static partial Regex Id();
}
