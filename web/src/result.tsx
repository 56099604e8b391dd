// What an experiment found: the verdict, what was measured, in which order things happened, and what this cannot see.
import type { JSX } from "preact";
import type { Result } from "./types";

const signs = { pass: "✓", fail: "✗", inconclusive: "?", error: "!" } as const;

export function RunResult({ result: r }: { result: Result }): JSX.Element {
  return (
    <div class="result">
      <p class={`verdict v-${r.outcome}`}><span class="stamp"><span aria-hidden="true">{signs[r.outcome]} </span>{r.outcome}</span> {r.headline}</p>
      <dl class="tiles">
        <div class="tile big"><dt>Downtime seen from outside</dt><dd>{r.downtimeMs === undefined ? "not measured" : `${ms(r.downtimeMs)}`}{r.downtimeBoundMs !== undefined && <small> ± {ms(r.downtimeBoundMs)}</small>}</dd></div>
        {r.measures.map((m) => <div class="tile" key={m.label}><dt>{m.label}</dt><dd>{m.value}{m.note && <small> {m.note}</small>}</dd></div>)}
      </dl>
      {r.findings.length > 0 && <ul class="findings">{r.findings.map((f, i) => <li key={i}><span class="tag">{f.severity}</span> {f.summary}</li>)}</ul>}
      {r.hypothesis.length > 0 && (
        <section><h3>Hypothesis</h3>
          <table class="claims"><caption class="vh">Whether each claim held before, during and after the fault</caption>
            <thead><tr><th scope="col">Claim</th><th scope="col">Before</th><th scope="col">During</th><th scope="col">After</th></tr></thead>
            <tbody>{r.hypothesis.map((h, i) => (
              <tr key={i}><th scope="row">{h.claim}{h.detail && <span class="ago"> {h.detail}</span>}</th>{[h.before, h.during, h.after].map((o, j) => <td key={j}><Word outcome={o} /></td>)}</tr>
            ))}</tbody>
          </table>
        </section>
      )}
      {r.sequence.length > 0 && (
        <section><h3>Sequence</h3>
          <table class="sequence"><caption class="vh">What happened, counted from the fault</caption>
            <thead><tr><th scope="col" class="num">After the fault</th><th scope="col">Seen by</th><th scope="col">What</th></tr></thead>
            <tbody>{r.sequence.map((s, i) => <tr key={i}><td class="num">{ms(s.atMs)}</td><td>{s.source}</td><td>{s.text}</td></tr>)}</tbody>
          </table>
        </section>
      )}
      <div class="columns even">
        {(r.trap ?? r.fix) && <section><h3>Lesson</h3>{r.trap && <p><b>The trap.</b> {r.trap}</p>}{r.fix && <p><b>The fix.</b> {r.fix}</p>}</section>}
        <section><h3>What this cannot see</h3>{r.blindSpots.length === 0 ? <p>No blind spots were stated; that is a gap in this report.</p> : <ul>{r.blindSpots.map((b) => <li key={b}>{b}</li>)}</ul>}</section>
      </div>
      {r.undo && <section><h3>Undo</h3><p>{r.undo}</p></section>}
      {r.decision && <section><h3>For you to decide</h3><p>{r.decision}</p></section>}
      {r.evidence && <p class="note">Evidence, from which the verdict can be made again: <span class="mono">{r.evidence}</span></p>}
    </div>
  );
}

function ms(value: number): string {
  return Math.abs(value) < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function Word({ outcome }: { outcome: string | undefined }): JSX.Element {
  return outcome ? <span class={`tag v-${outcome}`}>{outcome}</span> : <span class="ago">–<span class="vh">not measured</span></span>;
}
