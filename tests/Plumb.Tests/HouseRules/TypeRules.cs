using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace Plumb.Tests.HouseRules;

public sealed class TypeRules
{
    private static readonly Assembly[] Assemblies =
    [
        typeof(Plumb.Core.Outcome).Assembly, typeof(Plumb.Platform.Storage.PlumbHome).Assembly, typeof(Plumb.Doctor.Diagnosis).Assembly,
        typeof(Plumb.Cluster.LabClusterOptions).Assembly, typeof(Plumb.Lab.Payments.PaymentsProgram).Assembly, typeof(Plumb.Recorder.Recording).Assembly, typeof(Plumb.Cli.Program).Assembly,
    ];

    private static IEnumerable<Type> Written => Assemblies.SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Namespace?.StartsWith("Plumb", StringComparison.Ordinal) == true && !type.IsDefined(typeof(CompilerGeneratedAttribute)) && !type.Name.Contains('<', StringComparison.Ordinal)
            && type.DeclaringType?.Name.Contains('<', StringComparison.Ordinal) != true);

    [Fact]
    public void A_class_that_nobody_derives_from_is_sealed()
    {
        var bases = Written.Select(type => type.BaseType).OfType<Type>().Select(type => type.IsGenericType ? type.GetGenericTypeDefinition() : type).ToHashSet();
        Offenders.None(Written.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !bases.Contains(type)).Select(type => type.FullName));
    }

    [Fact]
    public void The_embedded_cluster_shows_only_how_to_start_it() =>
        Assert.All(typeof(Plumb.Cluster.LabClusterOptions).Assembly.GetExportedTypes(), type => Assert.Equal("Plumb.Cluster", type.Namespace));

    [Fact]
    public void The_name_of_a_test_is_a_sentence()
    {
        var tests = typeof(TypeRules).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.GetCustomAttributes().OfType<FactAttribute>().Any()).ToArray();
        Assert.NotEmpty(tests);
        Offenders.None(tests.Where(test => test.Name.Count(character => character == '_') < 2).Select(test => $"{test.DeclaringType!.Name}.{test.Name}"));
    }
}
