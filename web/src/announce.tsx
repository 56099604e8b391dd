// Tells a screen reader what changed, at most one sentence every few seconds: warnings and readiness, not every probe.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { State } from "./live";
import { count } from "./use";

const quietMs = 8_000;

interface Seen { notReady: number; warnings: Set<string>; run: string }

function look(state: State): Seen {
  return {
    notReady: [...state.pods.values()].filter((p) => p.health === "bad" || p.health === "starting").length,
    warnings: new Set([...state.events.values()].filter((e) => e.type === "Warning").map((e) => `${e.key} ${e.count}`)),
    run: state.run ? `${state.run.id} ${state.run.state}` : "",
  };
}

function tell(before: Seen, after: Seen, state: State): string {
  const fresh = [...after.warnings].filter((w) => !before.warnings.has(w)).length;
  const said: string[] = [];
  if (after.notReady !== before.notReady) said.push(after.notReady === 0 ? "All pods are well." : `${count(after.notReady, "pod")} not ready.`);
  if (fresh > 0) said.push(`${count(fresh, "new warning")}.`);
  if (after.run !== before.run && state.run?.result) said.push(`Experiment finished: ${state.run.result.outcome}. ${state.run.result.headline}`);
  return said.join(" ");
}

export function Announcer({ state }: { state: State }): JSX.Element {
  const [text, say] = useState("");
  const before = useRef<Seen | null>(null);
  const saidAt = useRef(0);
  useEffect(() => {
    if (state.link !== "live" || state.source?.state !== "live") return;
    const seen = look(state);
    if (before.current === null) { before.current = seen; return; }
    if (Date.now() - saidAt.current < quietMs) return;
    const sentence = tell(before.current, seen, state);
    before.current = seen;
    if (sentence) { saidAt.current = Date.now(); say(sentence); }
  });
  return <div class="vh" role="status" aria-live="polite">{text}</div>;
}
