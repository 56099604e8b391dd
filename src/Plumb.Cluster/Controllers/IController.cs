using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// One control loop: it brings the state that it owns nearer to what the objects ask for, and is asked again whenever one of them changes.
/// A reconcile looks only at the present state, never at what the change was, so a lost or doubled notice does no harm.
/// </summary>
internal interface IController
{
    string Name { get; }

    IReadOnlyList<ResourceKind> Watches { get; }

    /// <summary>Names the keys that a change concerns.</summary>
    void Route(StoreEvent change, Action<ObjectKey> enqueue);

    /// <summary>Every key there is: at the start, and after a watch fell behind.</summary>
    IEnumerable<ObjectKey> AllKeys();

    /// <summary>Brings one key up to date. Returns null when nothing is left to do until the next change, else the time until it must be looked at again.</summary>
    TimeSpan? Reconcile(ObjectKey key);
}
