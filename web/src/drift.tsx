// The last drift report: what is open that was not, who did it, and both ways out. The page shows; a person acts.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { State } from "./live";
import { count, span } from "./use";
import { now } from "./live";

interface Exposure { direction: string; ports: string; networks: string; addresses?: string | null; text: string }
interface Way { title: string; command?: string | null; hcl?: string | null }
interface Finding {
  id: string; kind: string; severity: string; drift: boolean; summary: string; subject: { kind: string; name: string; scope?: string };
  opens: Exposure[]; closes: Exposure[]; changedBy?: { who: string; event: string; at: string; from?: string | null } | null;
  waysOut: Way[]; origins: string[]; explanation: string[]; ignoredBy?: string;
}
interface Report {
  outcome: "pass" | "fail" | "inconclusive" | "error"; summary: string; finishedAt: string; findings: Finding[]; ignored: Finding[]; blindSpots: string[]; decision: string;
  coverage: { states: { name: string; serial: number; judged: number; resources: number }[]; account: string; regions: string[]; read: string[]; notRead: string[]; notJudged: string[]; calls: number };
}

const signs = { pass: "✓", fail: "✗", inconclusive: "?", error: "!" } as const;

export function DriftPage(_: { state: State }): JSX.Element {
  const [report, setReport] = useState<Report | null | undefined>(undefined);
  const [trouble, setTrouble] = useState(false);
  const load = (): void => {
    fetch("/api/drift").then((answer) => (answer.ok ? answer.json() as Promise<Report | null> : Promise.reject(new Error()))).then((read) => { setReport(read); setTrouble(false); }, () => setTrouble(true));
  };
  useEffect(load, []);
  return (
    <>
      <div class="row"><h1 tabIndex={-1}>Drift</h1>{report !== undefined && <button type="button" onClick={load}>Read again</button>}</div>
      <p class="lead">What AWS has and Terraform's states do not, and the reverse. This page shows the last run of <code>plumb drift</code> in this home; it asks AWS nothing and changes nothing.</p>
      {trouble && <p class="note trouble" role="alert"><strong>The report could not be read.</strong> See whether the console still runs, then read again.</p>}
      {report === null && <p class="empty panel">No run yet. Try <code>plumb drift --from lab</code>, or <code>plumb drift terraform.tfstate</code>.</p>}
      {report && <Shown report={report} />}
    </>
  );
}

function Shown({ report: r }: { report: Report }): JSX.Element {
  const open = r.findings.flatMap((f) => f.opens.map((o) => ({ finding: f, exposure: o })));
  return (
    <div class="result drift">
      <p class={`verdict v-${r.outcome}`}><span class="stamp"><span aria-hidden="true">{signs[r.outcome]} </span>{r.outcome}</span> {r.summary}</p>
      <p class="note">{span(now() - Date.parse(r.finishedAt))} ago, account <span class="mono">{r.coverage.account || "not asked"}</span>{r.coverage.regions.length > 0 && <>, {r.coverage.regions.join(", ")}</>}</p>
      <section aria-labelledby="open-h"><h2 id="open-h">Open, and in no state</h2>
        {open.length === 0 ? <p>Nothing that was read is reachable beyond what the states allow.</p> : (
          <table class="exposure"><caption class="vh">Ports that can be reached now and by no rule of the states, the worst first</caption>
            <thead><tr><th scope="col">Ports</th><th scope="col">Where</th><th scope="col">Networks</th><th scope="col" class="num">Addresses</th></tr></thead>
            <tbody>{open.map(({ finding, exposure }, i) => (
              <tr key={i} class={`s-${finding.severity}`}><th scope="row"><span class="tag">{finding.severity}</span> {exposure.ports}</th><td class="mono">{finding.subject.name.split(" ")[0]}</td><td class="mono">{exposure.networks}</td><td class="num">{amount(exposure.addresses)}</td></tr>
            ))}</tbody>
          </table>
        )}
      </section>
      <section aria-labelledby="found-h"><h2 id="found-h">{count(r.findings.filter((f) => f.drift).length, "difference")}</h2>
        <ul class="cards">{r.findings.map((f) => <Card key={f.id} finding={f} />)}</ul>
      </section>
      {r.ignored.length > 0 && <section><h3>Ignored</h3><ul>{r.ignored.map((f) => <li key={f.id}><span class="mono">{f.ignoredBy}</span>: {f.summary}</li>)}</ul></section>}
      <div class="columns even">
        <section><h3>What was read</h3><ul>{r.coverage.states.map((s) => <li key={s.name}><span class="mono">{s.name}</span>, serial {s.serial}: {s.judged} of {count(s.resources, "managed resource")} judged</li>)}{r.coverage.read.map((line) => <li key={line}>{line}</li>)}</ul></section>
        <section><h3>What this cannot see</h3><ul>{[...r.coverage.notRead, ...r.coverage.notJudged].map((line) => <li key={line}><strong>not read:</strong> {line}</li>)}{r.blindSpots.map((b) => <li key={b}>{b}</li>)}</ul></section>
      </div>
      <section><h3>For you to decide</h3><p>{r.decision}</p></section>
    </div>
  );
}

function Card({ finding: f }: { finding: Finding }): JSX.Element {
  return (
    <li class={`panel card s-${f.severity}`}>
      <h3><span class="tag">{f.severity}</span> <span class="tag">{f.kind}</span> <span class="mono">{f.subject.scope} {f.subject.name.split(" ")[0]}</span></h3>
      <p>{f.summary}</p>
      <p class="note">{f.origins.length === 0 ? "In no state." : `In ${f.origins.join("; ")}.`}{f.changedBy && ` ${f.changedBy.who} did it with ${f.changedBy.event}, ${span(now() - Date.parse(f.changedBy.at))} ago.`}</p>
      <details><summary>Both ways out</summary>
        {f.waysOut.map((way, i) => <div class="way" key={i}><p>{way.title}</p>{way.command && <pre tabIndex={0}>{way.command}</pre>}{way.hcl && <pre tabIndex={0}>{way.hcl}</pre>}</div>)}
      </details>
      <details><summary>How the verdict came</summary><ul>{f.explanation.map((step) => <li key={step}>{step}</li>)}</ul></details>
    </li>
  );
}

/** 4294967296 as 4,294,967,296; beyond 2^64 as a power of two, because nobody reads 39 digits. */
function amount(addresses: string | null | undefined): string {
  if (!addresses) return "not counted";
  const n = BigInt(addresses);
  if (n < 2n ** 64n) return n.toLocaleString("en");
  return `2^${n.toString(2).length - 1}`;
}
