// The live state of the page: one stream, one store. Whatever arrives is applied at once and drawn once a frame.
import type { ClusterEvent, Delta, Explanation, NavItem, Node, Pod, Run, Snapshot, Source } from "./types";

/** connecting: nothing heard yet. live: heard within the last heartbeats. lost: what is shown is old. */
export type Link = "connecting" | "live" | "lost" | "stopped" | "refused";

export interface State {
  link: Link;
  /** When the server was last heard, by this machine's clock; what is shown is of that time. */
  heardAt: number;
  /** Server clock minus this machine's, in ms: ages are counted on the server's clock. */
  clockOffset: number;
  cluster: string;
  source: Source | null;
  nav: NavItem[];
  nodes: Map<string, Node>;
  pods: Map<string, Pod>;
  events: Map<string, ClusterEvent>;
  explanations: Record<string, Explanation>;
  hasTraffic: boolean;
  podsLeftOut: number;
  run: Run | null;
  /** Pods whose row changed a moment ago, to show that it did. */
  changed: Map<string, number>;
}

/** The server speaks at least every 4 s (EventStream.HeartbeatEvery). */
const lostAfterMs = 10_000;
/** A page that nobody sees lets its connection go: browsers allow six a server, and the server should rest. */
const hiddenCloseMs = 15_000;
const reconnectMs = 1_500;

const state: State = {
  link: "connecting", heardAt: Date.now(), clockOffset: 0, cluster: "", source: null, nav: [], nodes: new Map(), pods: new Map(), events: new Map(),
  explanations: {}, hasTraffic: false, podsLeftOut: 0, run: null, changed: new Map(),
};

type Listener = () => void;
const listeners = new Set<Listener>();
let drawn = 0;

function draw(): void {
  // A hidden page gets no frames; a timer keeps its state true all the same.
  if (drawn === 0) {
    drawn = window.setTimeout(() => { drawn = 0; listeners.forEach((l) => l()); }, 30);
  }
}

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function now(): number {
  return Date.now() + state.clockOffset;
}

export function current(): State {
  return state;
}

/** Whether what is shown may differ from what is true. */
export function isStale(s: State): boolean {
  return s.link === "lost" || s.link === "stopped" || s.link === "refused" || s.source?.state === "lost";
}

function byKey<T>(items: T[], key: (item: T) => string): Map<string, T> {
  return new Map(items.map((i) => [key(i), i]));
}

function heard(serverNow?: string): void {
  state.heardAt = Date.now();
  state.link = "live";
  if (serverNow) {
    state.clockOffset = Date.parse(serverNow) - Date.now();
  }
  draw();
}

function begin(s: Snapshot): void {
  Object.assign(state, {
    cluster: s.cluster, source: s.source, nav: s.nav, explanations: s.explanations, hasTraffic: s.hasTraffic, podsLeftOut: s.podsLeftOut, run: s.run ?? null,
    nodes: byKey(s.nodes, (n) => n.name), pods: byKey(s.pods, (p) => p.key), events: byKey(s.events, (e) => e.key),
  });
  heard(s.now);
}

function apply(d: Delta): void {
  d.nodes?.forEach((n) => state.nodes.set(n.name, n));
  d.pods?.forEach((p) => {
    const before = state.pods.get(p.key);
    if (state.source?.state === "live" && (before?.status !== p.status || before.readyCount !== p.readyCount || before.restarts !== p.restarts)) {
      state.changed.set(p.key, Date.now());
    }
    state.pods.set(p.key, p);
  });
  d.events?.forEach((e) => state.events.set(e.key, e));
  d.nodesGone?.forEach((k) => state.nodes.delete(k));
  d.podsGone?.forEach((k) => { state.pods.delete(k); state.changed.delete(k); });
  d.eventsGone?.forEach((k) => state.events.delete(k));
  if (d.source) state.source = d.source;
  if (d.podsLeftOut !== undefined) state.podsLeftOut = d.podsLeftOut;
  if (d.run) state.run = d.run;
  if (d.step && state.run) state.run = { ...state.run, progress: [...state.run.progress, d.step] };
  heard();
}

let stream: EventSource | null = null;
let lastId = "";
let retry = 0;

function on<T>(source: EventSource, name: string, handle: (data: T) => void): void {
  source.addEventListener(name, (message) => {
    if (message.lastEventId) lastId = message.lastEventId;
    handle(JSON.parse(message.data as string) as T);
  });
}

function open(): void {
  if (stream || document.hidden) return;
  window.clearTimeout(retry);
  // EventSource repeats the last id by itself only within one object; ours is new after a hidden spell, so the id goes in the address too.
  stream = new EventSource(lastId ? `/api/stream?after=${lastId}` : "/api/stream");
  on<Snapshot>(stream, "snapshot", begin);
  on<Delta>(stream, "delta", apply);
  on<{ now: string }>(stream, "heartbeat", (beat) => heard(beat.now));
  on(stream, "bye", () => { close(); state.link = "stopped"; draw(); again(); });
  stream.onerror = () => {
    // Retry ourselves: the browser gives up for good after an answer that is not a stream (401 after a restart, 503 when full).
    close();
    if (state.link === "live") state.link = "lost";
    draw();
    void findOutWhy();
    again();
  };
}

function close(): void {
  stream?.close();
  stream = null;
}

function again(): void {
  window.clearTimeout(retry);
  retry = window.setTimeout(open, reconnectMs);
}

async function findOutWhy(): Promise<void> {
  try {
    const answer = await fetch("/", { method: "HEAD" });
    if (answer.status === 401) { state.link = "refused"; draw(); }
  } catch {
    // Not reachable: the next try tells.
  }
}

export function start(): void {
  open();
  let hidden = 0;
  document.addEventListener("visibilitychange", () => {
    window.clearTimeout(hidden);
    if (document.hidden) {
      hidden = window.setTimeout(close, hiddenCloseMs);
    } else {
      open();
      draw();
    }
  });
  window.setInterval(() => {
    if (state.link === "live" && Date.now() - state.heardAt > lostAfterMs) {
      state.link = "lost";
      close();
      again();
    }
    draw(); // ages go on
  }, 1_000);
}
