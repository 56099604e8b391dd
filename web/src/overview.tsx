// The first page: is everything well, what do users feel, which pod stands where.
import type { JSX } from "preact";
import { TrafficSection } from "./traffic";
import { EventList } from "./events";
import { PodsByNode } from "./pods";
import type { State } from "./live";
import { now } from "./live";

const recentMs = 15 * 60_000;

export function OverviewPage({ state }: { state: State }): JSX.Element {
  const events = [...state.events.values()].sort((a, b) => Date.parse(b.last ?? "") - Date.parse(a.last ?? "")).slice(0, 12);
  return (
    <>
      <h1 tabIndex={-1} class="vh">Overview</h1>
      <Summary state={state} />
      {state.hasTraffic
        ? <TrafficSection />
        : state.cluster && <section class="panel quiet"><h2>Requests</h2><p>No Prometheus is known for this cluster, so there are no charts. That is not the same as no errors.</p></section>}
      <div class="columns">
        <section aria-labelledby="pods-h"><h2 id="pods-h">Nodes and pods</h2><PodsByNode state={state} /></section>
        <section aria-labelledby="recent-h"><h2 id="recent-h">Latest events</h2><EventList state={state} events={events} brief /></section>
      </div>
    </>
  );
}

function Summary({ state }: { state: State }): JSX.Element {
  const nodes = [...state.nodes.values()];
  const pods = [...state.pods.values()].filter((p) => p.health !== "done" && p.health !== "ending"); // neither is meant to be ready
  const known = state.source !== null && state.source.state !== "connecting";
  const readyNodes = nodes.filter((n) => n.ready).length;
  const readyPods = pods.filter((p) => p.health === "ok").length;
  const restarts = pods.filter((p) => p.lastRestart && now() - Date.parse(p.lastRestart) < recentMs).length;
  const warnings = [...state.events.values()].filter((e) => e.type === "Warning" && now() - Date.parse(e.last ?? "") < recentMs).length;
  return (
    <dl class="tiles">
      <Tile name="Nodes ready" value={known ? `${readyNodes}/${nodes.length}` : "–"} bad={known && (readyNodes < nodes.length || nodes.length === 0)} />
      <Tile name="Pods ready" value={known ? `${readyPods}/${pods.length}` : "–"} bad={known && readyPods < pods.length} />
      <Tile name="Pods restarted, 15 min" value={known ? String(restarts) : "–"} bad={restarts > 0} />
      <Tile name="Warnings, 15 min" value={known ? String(warnings) : "–"} bad={warnings > 0} />
    </dl>
  );
}

function Tile({ name, value, bad }: { name: string; value: string; bad: boolean }): JSX.Element {
  return <div class={`tile ${bad ? "bad" : value === "–" ? "" : "ok"}`}><dt>{name}</dt><dd>{value}</dd></div>;
}
