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
      {r.hypothesis.length > 0 && (
        <section><h3>Hypothesis</h3>
          <ul class="phases">{r.hypothesis.map((h, i) => <li key={i}><span class={`tag v-${h.outcome}`}>{h.phase}: {h.outcome}</span> {h.text}</li>)}</ul>
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
      {r.decision && <section><h3>For you to decide</h3><p>{r.decision}</p></section>}
    </div>
  );
}

function ms(value: number): string {
  return Math.abs(value) < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
