using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Aws;
using Plumb.Platform.Storage;

namespace Plumb.Lab.Scenes;

/// <summary>Puts a file where the lab's AWS looks: a bill, or a fault. The undo takes it away.</summary>
internal sealed class LabFile(PlumbHome home) : IStepHandler
{
    public const string StepKind = "lab.file";

    public string Kind => StepKind;

    /// <param name="path">Below the directory of the lab's AWS.</param>
    public static PlanStep Step(string path, string content, string title, string blastRadius) =>
        new(StepKind, title, blastRadius, new JsonObject { ["path"] = path, ["content"] = content }, new JsonObject { ["path"] = path }, $"take {path} away");

    public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation) => Task.FromResult(Try(() =>
        Files.Replace(PathOf(arguments), Encoding.UTF8.GetBytes((string)arguments["content"]!))));

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) => Task.FromResult(Try(() =>
    {
        var path = PathOf(arguments);
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }));

    private string PathOf(JsonObject arguments) => Path.Combine(home.File(LabHost.AwsDirectory), (string)arguments["path"]!);

    private static Problem? Try(Action act)
    {
        try
        {
            act();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the lab's files cannot be changed: {error.Message.TrimEnd('.')}", "Run as the user who started the lab");
        }
    }
}
