using System.Diagnostics.CodeAnalysis;

namespace Plumb.Platform.Kubernetes;

/// <summary>A value or a <see cref="KubeError"/>, never both.</summary>
public readonly record struct KubeResult<T>
{
    private KubeResult(T? value, KubeError? error)
    {
        Value = value;
        Error = error;
    }

    public T? Value { get; }

    public KubeError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Error is null && Value is not null;

    public static implicit operator KubeResult<T>(T value) => new(value, null);

    public static implicit operator KubeResult<T>(KubeError error) => new(default, error);

    /// <summary>The same error, or the value made into something else.</summary>
    public KubeResult<TOther> Then<TOther>(Func<T, KubeResult<TOther>> next) => IsSuccess ? next(Value) : Error;
}
