// Run an experiment: see the plan first, confirm it, watch it, read what it found.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask";
import { isStale, type State } from "./live";
import { RunResult } from "./result";
import type { Experiment, Plan, Problem, Run } from "./types";
import { clock, span, useLive } from "./use";
import { now } from "./live";

export function ExperimentsPage({ state }: { state: State }): JSX.Element {
  const [catalogue, setCatalogue] = useState<Experiment[] | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [planning, setPlanning] = useState("");
  const run = state.run;
  const running = run !== null && run.state !== "finished";

  useEffect(() => {
    void ask<{ experiments: Experiment[] }>("/api/experiments").then((a) => { setCatalogue(a.value?.experiments ?? []); setProblem(a.problem ?? null); });
  }, []);

  const makePlan = async (name: string): Promise<void> => {
    setPlanning(name);
    const answer = await ask<Plan>(`/api/experiments/${name}/plan`, {});
    setPlanning("");
    setPlan(answer.value ?? null);
    setProblem(answer.problem ?? null);
  };
  const confirm = async (chosen: Plan): Promise<void> => {
    const answer = await ask(`/api/experiments/${chosen.experiment}/run`, { planId: chosen.planId, confirm: true });
    setPlan(null);
    setProblem(answer.problem ?? null);
  };

  return (
    <>
      <h1 tabIndex={-1}>Experiments</h1>
      <p class="lead">An experiment breaks something on purpose, in a bounded way, and measures what a client outside the cluster notices. Nothing happens before you have seen the plan and confirmed it.</p>
      {problem && <p class="note trouble" role="alert"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      <ul class="catalogue">
        {catalogue?.map((e) => (
          <li class="panel" key={e.name}>
            <div><h2>{e.title}</h2><p>{e.summary}</p>{e.unavailable && <p class="note trouble">{e.unavailable}</p>}</div>
            <button type="button" disabled={running || planning !== "" || e.unavailable !== undefined || isStale(state)} onClick={() => void makePlan(e.name)}>
              {planning === e.name ? "Planning…" : "Show the plan"}
            </button>
          </li>
        ))}
      </ul>
      {catalogue?.length === 0 && !problem && <p class="empty">No experiment is known for this cluster.</p>}
      {plan && !running && <PlanCard plan={plan} blocked={isStale(state)} onConfirm={() => void confirm(plan)} onCancel={() => setPlan(null)} />}
      {run && !plan && <RunCard run={run} />}
    </>
  );
}

function PlanCard({ plan, blocked, onConfirm, onCancel }: { plan: Plan; blocked: boolean; onConfirm: () => void; onCancel: () => void }): JSX.Element {
  const [sure, setSure] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => { setSure(false); heading.current?.focus(); }, [plan.planId]);
  return (
    <section class="panel plan" aria-labelledby="plan-h">
      <h2 id="plan-h" ref={heading} tabIndex={-1}>Plan: {plan.title}</h2>
      <dl class="facts">
        <dt>Target</dt><dd class="mono">{plan.target}</dd>
        <dt>Hypothesis</dt><dd>{plan.hypothesis}</dd>
        <dt>Measured by</dt><dd>{plan.measured ?? "No client outside the cluster: what users see will not be known."}</dd>
        <dt>Blast radius</dt><dd>{plan.blastRadius}</dd>
      </dl>
      <table class="steps">
        <caption>Steps</caption>
        <thead><tr><th scope="col">What is done</th><th scope="col">How it is undone</th></tr></thead>
        <tbody>{plan.steps.map((s, i) => <tr key={i}><td>{s.what}</td><td>{s.undo}</td></tr>)}</tbody>
      </table>
      {plan.warnings.map((w) => <p class="note trouble" key={w}>{w}</p>)}
      <label class="check"><input type="checkbox" checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} /> I have read the plan; do this to {plan.target}.</label>
      <p class="buttons">
        <button type="button" class="danger" disabled={!sure || blocked} onClick={onConfirm}>Run it</button>
        <button type="button" onClick={onCancel}>Do not run it</button>
      </p>
    </section>
  );
}

function RunCard({ run }: { run: Run }): JSX.Element {
  useLive();
  const running = run.state !== "finished";
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => { if (running) list.current?.scrollTo({ top: list.current.scrollHeight }); }, [run.progress.length]);
  return (
    <section class="panel run" aria-labelledby="run-h">
      <header class="row">
        <h2 id="run-h">{running ? "Running" : "Result"}: {run.title}</h2>
        {running && <button type="button" onClick={() => void ask(`/api/experiments/${run.experiment}/stop`, {})} disabled={run.state === "undoing"}>{run.state === "undoing" ? "Stopping and undoing…" : "Stop and undo"}</button>}
      </header>
      <p class="note">Started at {clock(run.startedAt)}{running && `, ${span(now() - Date.parse(run.startedAt))} ago. Closing this page does not stop it.`}</p>
      {run.result && <RunResult result={run.result} />}
      {running && (
        <ol class="progress" ref={list} aria-label="Progress" tabIndex={0}>
          {run.progress.map((p, i) => <li key={i}><span class="at num">{(p.atMs / 1000).toFixed(1)} s</span> <span class="tag">{p.phase}</span> {p.text}</li>)}
        </ol>
      )}
      {!running && run.progress.length > 0 && (
        <details><summary>What the run did, step by step</summary>
          <ol class="progress">{run.progress.map((p, i) => <li key={i}><span class="at num">{(p.atMs / 1000).toFixed(1)} s</span> <span class="tag">{p.phase}</span> {p.text}</li>)}</ol>
        </details>
      )}
    </section>
  );
}
