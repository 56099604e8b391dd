using Plumb.Core;

namespace Plumb.Drift.States;

/// <summary>Where a statement of Terraform's stands.</summary>
/// <param name="State">The state as the user named it.</param>
/// <param name="Address">As Terraform writes it: <c>module.net["eu"].aws_security_group.web[0]</c>.</param>
/// <param name="Place">The line of the instance; null when the state is no file that can be opened.</param>
internal sealed record ResourceOrigin(string State, string Address, FilePlace? Place)
{
    public override string ToString() => $"{Address} in {State}";
}
