// Pods in one table a node; pods without a node come first, because they are the ones that serve nobody.
import type { JSX } from "preact";
import type { State } from "./live";
import type { Node, Pod } from "./types";
import { age, clock, count } from "./use";

const flashMs = 2_500;

const signs: Record<Pod["health"], { sign: string; text: string }> = {
  ok: { sign: "●", text: "well" },
  starting: { sign: "◐", text: "not ready" },
  ending: { sign: "◌", text: "ending" },
  done: { sign: "✓", text: "done" },
  bad: { sign: "▲", text: "trouble" },
};

export function PodsByNode({ state }: { state: State }): JSX.Element {
  const pods = [...state.pods.values()].sort((a, b) => a.key.localeCompare(b.key));
  const nodes = [...state.nodes.values()].sort((a, b) => a.name.localeCompare(b.name));
  const homeless = pods.filter((p) => !p.node);
  const strangers = pods.filter((p) => p.node && !state.nodes.has(p.node));
  const manyNamespaces = new Set(pods.map((p) => p.namespace)).size > 1;
  if (state.source === null || state.source.state === "connecting") {
    return <p class="empty">Reading the cluster…</p>;
  }
  return (
    <>
      {state.podsLeftOut > 0 && <p class="note">{count(state.podsLeftOut, "pod")} left out: this page shows at most 2000.</p>}
      {homeless.length > 0 && <Group title="No node yet" tone="bad" detail={count(homeless.length, "pod")} pods={homeless} state={state} namespaces={manyNamespaces} />}
      {nodes.map((n) => <NodeGroup key={n.name} node={n} pods={pods.filter((p) => p.node === n.name)} state={state} namespaces={manyNamespaces} />)}
      {strangers.length > 0 && <Group title="On nodes that are gone" tone="bad" detail={count(strangers.length, "pod")} pods={strangers} state={state} namespaces={manyNamespaces} />}
      {nodes.length + pods.length === 0 && <p class="empty">This cluster has no nodes and no pods.</p>}
    </>
  );
}

function NodeGroup({ node, pods, state, namespaces }: { node: Node; pods: Pod[]; state: State; namespaces: boolean }): JSX.Element {
  const tone = !node.ready ? "bad" : !node.schedulable ? "wait" : "ok";
  const words = node.status.split(",").map((s) => s === "SchedulingDisabled" ? "takes no new pods" : s).join(", ");
  return <Group title={node.name} tone={tone} detail={`${words} · ${count(pods.length, "pod")} · ${node.cpu} CPU · ${node.version} · ${age(node.created)}`} pods={pods} state={state} namespaces={namespaces} />;
}

function Group({ title, tone, detail, pods, state, namespaces }: { title: string; tone: string; detail: string; pods: Pod[]; state: State; namespaces: boolean }): JSX.Element {
  const id = `node-${title.replace(/\W/g, "-")}`;
  return (
    <section class="panel node" aria-labelledby={id}>
      <header><h3 id={id} class={`tone-${tone}`}><span class="lamp" aria-hidden="true" />{title}</h3><p>{detail}</p></header>
      {pods.length === 0 ? <p class="empty">No pods here.</p> : (
        <table class="pods" aria-labelledby={id}>
          <thead><tr><th scope="col">Pod</th><th scope="col">Status</th><th scope="col" class="num">Ready</th><th scope="col" class="num">Restarts</th><th scope="col" class="num">Age</th><th scope="col" class="wide">Address</th></tr></thead>
          <tbody>{pods.map((p) => <PodRow key={p.key} pod={p} changedAt={state.changed.get(p.key)} namespaces={namespaces} recorded={state.nav.some((n) => n.id === "recordings")} />)}</tbody>
        </table>
      )}
    </section>
  );
}

/** @param recorded Whether there are recordings here: of a pod in trouble, or one that was restarted, they are a click away. */
function PodRow({ pod, changedAt, namespaces, recorded }: { pod: Pod; changedAt: number | undefined; namespaces: boolean; recorded: boolean }): JSX.Element {
  const sign = signs[pod.health];
  const fresh = changedAt !== undefined && Date.now() - changedAt < flashMs;
  return (
    <tr class={`${pod.health}${fresh ? " fresh" : ""}`}>
      <th scope="row">{namespaces && <span class="ns">{pod.namespace}/</span>}{pod.name.split(/(?<=-)/).map((part) => <>{part}<wbr /></>)}</th>
      <td class="status"><span class="sign" aria-hidden="true">{sign.sign}</span><span>{pod.status.split(/(?<=[a-z])(?=[A-Z])/).map((word) => <>{word}<wbr /></>)}<span class="vh"> ({sign.text})</span>
        {recorded && (pod.restarts > 0 || pod.health === "bad") && <> <a class="calls" href={`/recordings#pod-${pod.key}`}>calls<span class="vh"> that were recorded of {pod.key}</span></a></>}</span></td>
      <td class="num">{pod.readyCount}/{pod.containers}</td>
      <td class="num">{pod.restarts}{pod.lastRestart && <span class="ago" title={clock(pod.lastRestart)}> {age(pod.lastRestart)} ago</span>}</td>
      <td class="num">{age(pod.created)}</td>
      <td class="wide mono">{pod.address ?? "–"}</td>
    </tr>
  );
}
