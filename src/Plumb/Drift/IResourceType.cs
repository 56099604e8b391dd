using Plumb.Core;
using Plumb.Drift.States;
using Plumb.Platform.Aws;

namespace Plumb.Drift;

/// <summary>
/// One kind of thing that can drift: which resources of a state tell of it, how the cloud is asked, and what the difference means. It is given every
/// instance of its types, then asked once. A new kind is one class, named in <see cref="DriftCheck.Types()"/>.
/// </summary>
internal interface IResourceType
{
    /// <summary>For people, in the plural: security groups.</summary>
    string Title { get; }

    /// <summary>Types in a state: <c>aws_security_group</c>.</summary>
    IReadOnlyList<string> StateTypes { get; }

    /// <summary>Takes in what a state says; a problem ends the check, because a state that is half understood cannot be judged by.</summary>
    Problem? Read(StateInstance instance);

    /// <summary>Regions that the states name.</summary>
    IEnumerable<string> Regions { get; }

    /// <summary>Asks the cloud, and judges. What could not be read is told in the result, not left out.</summary>
    Task<TypeResult> CheckAsync(CloudAccess cloud, CancellationToken cancellation);
}

/// <summary>How the cloud is asked.</summary>
/// <param name="Account">The account of the credential.</param>
/// <param name="Regions">The regions to read.</param>
internal sealed record CloudAccess(AwsClient Client, string Account, IReadOnlyList<string> Regions, TimeProvider Time);

/// <summary>What came of one type.</summary>
/// <param name="Read">What was read, in words: <c>12 groups with 60 rules in eu-west-1</c>.</param>
/// <param name="Unread">What could not be read, each with its reason; any makes a pass impossible.</param>
/// <param name="Unjudged">What was left out for lack of data, each with its reason; any makes a pass impossible.</param>
internal sealed record TypeResult(
    string Title, IReadOnlyList<DriftFinding> Findings, IReadOnlyList<string> Read, IReadOnlyList<Problem> Unread, IReadOnlyList<string> Unjudged, IReadOnlyList<string> BlindSpots);

/// <summary>A finding with what a person needs to decide about it.</summary>
/// <param name="IsDrift">False: worth knowing, and no reason to fail.</param>
/// <param name="Names">What .plumbignore may call the thing: its id, and <c>name:…</c>.</param>
/// <param name="Rule">The rule as .plumbignore matches it; empty when it is about the whole thing.</param>
/// <param name="Opens">What is newly reachable.</param>
/// <param name="Closes">What is no longer reachable.</param>
/// <param name="By">Who did it; null when nobody knows.</param>
/// <param name="WaysOut">To take it back, and to keep it. Nothing here is done by itself.</param>
/// <param name="Steps">How the verdict came.</param>
public sealed record DriftFinding(
    Finding Finding, bool IsDrift, IReadOnlyList<string> Names, string Rule, IReadOnlyList<Exposure> Opens, IReadOnlyList<Exposure> Closes, Change? By,
    IReadOnlyList<WayOut> WaysOut, IReadOnlyList<string> Origins, IReadOnlyList<string> Steps);

/// <param name="Addresses">How many, as a decimal number; null when they cannot be counted.</param>
public sealed record Exposure(string Direction, string Ports, string Networks, string? Addresses, string Text);

/// <summary>Who changed something, as CloudTrail has it.</summary>
/// <param name="Who">The ARN of the principal.</param>
/// <param name="From">The address it came from, or the service that did it.</param>
public sealed record Change(string Who, string Event, DateTimeOffset At, string? From, string EventId)
{
    public override string ToString() => $"{Who} with {Event} at {At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z{(From is null ? "" : $" from {From}")}";
}

/// <param name="Title">What it achieves, a sentence without its full stop.</param>
/// <param name="Command">For a shell; null when the way is an edit.</param>
/// <param name="Hcl">For Terraform's configuration.</param>
public sealed record WayOut(string Title, string? Command = null, string? Hcl = null);
