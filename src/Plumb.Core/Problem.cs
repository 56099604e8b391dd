using System.Diagnostics.CodeAnalysis;

namespace Plumb.Core;

/// <summary>An expected failure, in words for the person who meets it.</summary>
/// <param name="What">What happened and what it means, one sentence without a final full stop.</param>
/// <param name="Remedy">What to do next, when something can be done.</param>
public sealed record Problem(string What, string? Remedy = null)
{
    public override string ToString() => Remedy is null ? What : What[^1] is '?' or '.' ? $"{What} {Remedy}" : $"{What}. {Remedy}";
}

/// <summary>A value, or why there is none.</summary>
public readonly record struct Result<T>
    where T : notnull
{
    private Result(T? value, Problem? problem) => (Value, Problem) = (value, problem);

    public T? Value { get; }

    public Problem? Problem { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsOk => Problem is null && Value is not null;

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Problem problem) => new(default, problem);
}
