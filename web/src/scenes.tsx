// The lab's scenes: what can be broken for a check to find. A plan is shown first, and done when it was confirmed.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask";
import { now, type State } from "./live";
import type { Problem } from "./types";
import { span } from "./use";

interface Scene { name: string; breaks: string; foundBy: string; since?: string }
interface ScenePlan { planId: string; scene: string; action: "break" | "reset"; breaks: string; blastRadius: string; steps: { what: string; undo: string }[] }

export function ScenesPage(_: { state: State }): JSX.Element {
  const [scenes, setScenes] = useState<Scene[] | null>(null);
  const [plan, setPlan] = useState<ScenePlan | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);

  useEffect(() => { void ask<{ scenes: Scene[] }>("/api/scenes").then((a) => { setScenes(a.value?.scenes ?? []); setProblem(a.problem ?? null); }); }, []);

  const show = async (name: string): Promise<void> => {
    setBusy(true);
    const answer = await ask<ScenePlan>(`/api/scenes/${name}/plan`, {});
    setBusy(false);
    setSaid("");
    setPlan(answer.value ?? null);
    setProblem(answer.problem ?? null);
  };
  const act = async (chosen: ScenePlan): Promise<void> => {
    setBusy(true);
    const answer = await ask<{ scenes: Scene[] }>(`/api/scenes/${chosen.scene}/${chosen.action}`, { planId: chosen.planId, confirm: true });
    setBusy(false);
    setPlan(null);
    setProblem(answer.problem ?? null);
    if (answer.value) {
      setScenes(answer.value.scenes);
      setSaid(chosen.action === "reset" ? `${chosen.scene} is repaired.` : `${chosen.scene} is broken now. Find it with the command beside it.`);
    }
  };

  return (
    <>
      <h1 tabIndex={-1}>Scenes</h1>
      <p class="lead">A scene breaks one thing of the lab for a check to find, and stays broken until it is repaired here or with <code>plumb lab reset</code>. Nothing happens before you have seen the plan and confirmed it.</p>
      {problem && <p class="note trouble" role="alert"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      <p class="note" role="status">{said}</p>
      {plan && <PlanCard plan={plan} busy={busy} onConfirm={() => void act(plan)} onCancel={() => setPlan(null)} />}
      <ul class="catalogue">
        {scenes?.map((s) => (
          <li class="panel" key={s.name}>
            <div><h2>{s.name} {s.since && <span class="tag">broken for {span(now() - Date.parse(s.since))}</span>}</h2><p>{s.breaks}</p><p class="note">Found by <code>{s.foundBy}</code></p></div>
            <button type="button" disabled={busy} aria-label={`Show the plan that ${s.since ? "repairs" : "breaks"} ${s.name}`} onClick={() => void show(s.name)}>Show the plan</button>
          </li>
        ))}
      </ul>
    </>
  );
}

function PlanCard({ plan, busy, onConfirm, onCancel }: { plan: ScenePlan; busy: boolean; onConfirm: () => void; onCancel: () => void }): JSX.Element {
  const [sure, setSure] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => { setSure(false); heading.current?.focus(); }, [plan.planId, plan.action]);
  const breaks = plan.action === "break";
  return (
    <section class="panel plan" aria-labelledby="plan-h">
      <h2 id="plan-h" ref={heading} tabIndex={-1}>Plan: {breaks ? "break" : "repair"} {plan.scene}</h2>
      <dl class="facts"><dt>What breaks</dt><dd>{plan.breaks}</dd>{breaks && <><dt>Blast radius</dt><dd>{plan.blastRadius}</dd></>}</dl>
      <table class="steps">
        <caption>Steps</caption>
        <thead><tr><th scope="col">What is done</th>{breaks && <th scope="col">How it is undone</th>}</tr></thead>
        <tbody>{plan.steps.map((s, i) => <tr key={i}><td>{s.what}</td>{breaks && <td>{s.undo}</td>}</tr>)}</tbody>
      </table>
      <label class="check"><input type="checkbox" checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} /> I have read the plan; do this to the lab.</label>
      <p class="buttons">
        <button type="button" class={breaks ? "danger" : ""} disabled={!sure || busy} onClick={onConfirm}>{breaks ? "Break it" : "Repair it"}</button>
        <button type="button" onClick={onCancel}>Do not</button>
      </p>
    </section>
  );
}
