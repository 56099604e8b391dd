// Requests as the pods' logs tell them: those with anomalies, and one of them as a waterfall.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { State } from "./live";
import { ms } from "./timeline";
import type { Problem } from "./types";
import { count } from "./use";

interface Group { kind: string; service: string; event: string; after?: string | null; requests: number; sentence: string; examples: string[] }
interface Trace { id: string; began: string; durationMs: number; lines: number; entry: string; what: string[] }
interface Skew { source: string; reference: string; estimateMs: number; lowMs: number; highMs: number; requests: number }
interface Report { outcome: "pass" | "fail" | "inconclusive" | "error"; summary: string; blindSpots: string[]; decision: string }
interface Survey extends Report { requests: number; anomalous: number; groups: Group[]; traces: Trace[] }
interface Line { at: string; service: string; pod?: string | null; level: string; event: string; text: string; belonging: "ById" | "Mention" | "Adopted"; confidence?: number | null; why?: string | null }
interface Missing { service: string; event: string; after?: string | null; share: number; compared: number }
interface Correlation extends Report { timeline: { id: string; lines: Line[]; missing: Missing[]; skews: Skew[] } | null; nearest: string[] }

const signs = { pass: "✓", fail: "✗", inconclusive: "?", error: "!" } as const;
const shownTraces = 50;

async function read<T>(address: string): Promise<{ value?: T; problem?: Problem }> {
  try {
    const answer = await fetch(address);
    const said = await answer.json() as T & Problem;
    return answer.ok ? { value: said } : { problem: said };
  } catch {
    return { problem: { what: "The console did not answer", remedy: "See whether it still runs, then read again." } };
  }
}

export function LogsPage(_: { state: State }): JSX.Element {
  const [survey, setSurvey] = useState<Survey | null>(null);
  const [shown, setShown] = useState<Correlation | null>(null);
  const [asked, setAsked] = useState("");
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);

  const load = async (): Promise<void> => {
    setBusy("all");
    const answer = await read<Survey>("/api/logs/traces");
    setSurvey(answer.value ?? null);
    setProblem(answer.problem ?? null);
    setBusy("");
  };
  const open = async (id: string): Promise<void> => {
    if (id === "") return;
    setBusy(id);
    const answer = await read<Correlation>(`/api/logs/trace/${encodeURIComponent(id)}`);
    setShown(answer.value ?? null);
    setProblem(answer.problem ?? null);
    setBusy("");
  };
  useEffect(() => void load(), []);

  return (
    <>
      <div class="row"><h1 tabIndex={-1}>Logs</h1><button type="button" disabled={busy !== ""} onClick={() => void load()}>Read again</button></div>
      <p class="lead">What the pods logged in the last five minutes, put together by request. Shown are the requests that failed, that lack an event which others of their kind have, or whose error lost its id.</p>
      <form class="find" onSubmit={(e) => { e.preventDefault(); void open(asked.trim()); }}>
        <label>Trace id <input type="search" value={asked} placeholder="hex, UUID or traceparent" onInput={(e) => setAsked(e.currentTarget.value)} /></label> <button type="submit" disabled={busy !== ""}>Show</button>
      </form>
      <div role="status">{busy !== "" && <p class="note">Reading the logs…</p>}</div>
      {problem && <p class="note trouble" role="alert"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      {shown && <Shown correlation={shown} close={() => setShown(null)} />}
      {survey && <All survey={survey} open={open} busy={busy !== ""} />}
    </>
  );
}

function All({ survey: s, open, busy }: { survey: Survey; open: (id: string) => Promise<void>; busy: boolean }): JSX.Element {
  return (
    <>
      <Verdict report={s} />
      {s.groups.length > 0 && (
        <section aria-labelledby="groups-h"><h2 id="groups-h">{count(s.groups.length, "kind")} of anomaly</h2>
          <ul class="groups">{s.groups.map((g) => <li key={`${g.kind} ${g.service} ${g.event}`}><strong class="num">{g.requests}</strong> <span class="tag">{g.kind}</span> {g.sentence}</li>)}</ul>
        </section>
      )}
      {s.traces.length > 0 && (
        <section class="panel scroll" aria-labelledby="traces-h"><h2 id="traces-h" class="vh">Requests</h2>
          <table><caption>{s.anomalous > shownTraces ? `The first ${shownTraces} of ${s.anomalous} requests with anomalies` : "Requests with anomalies"}</caption>
            <thead><tr><th scope="col">Began</th><th scope="col">Trace</th><th scope="col" class="num">Took</th><th scope="col">What</th></tr></thead>
            <tbody>{s.traces.slice(0, shownTraces).map((t) => (
              <tr key={t.id}><td class="num">{t.began.slice(11, 23)}</td><td><button type="button" class="id mono" disabled={busy} onClick={() => void open(t.id)} title={t.id}>{t.id.slice(0, 12)}</button></td>
                <td class="num">{t.durationMs.toFixed(1)} ms</td><td>{t.what.join("; ")}</td></tr>
            ))}</tbody>
          </table>
        </section>
      )}
      <Blind report={s} />
    </>
  );
}

function Shown({ correlation: c, close }: { correlation: Correlation; close: () => void }): JSX.Element {
  const lines = c.timeline?.lines ?? [];
  const from = Math.min(...lines.map((l) => ms(l.at)));
  const offset = (l: Line): number => ms(l.at) - from;
  const whole = Math.max(1e-3, ...lines.map(offset));
  const services = [...new Set(lines.map((l) => l.service))];
  return (
    <section class="panel waterfall" aria-labelledby="one-h">
      <div class="row"><h2 id="one-h" class="mono">{c.timeline?.id ?? "Not found"}</h2><button type="button" onClick={close}>Close</button></div>
      <Verdict report={c} />
      {lines.length > 0 && (
        <ol>
          {lines.map((l, i) => {
            const at = offset(l);
            const next = lines.slice(i + 1).find((o) => o.service === l.service);
            const width = next ? Math.max(0.5, (offset(next) - at) / whole * 100) : 0.5;
            return (
              <li key={i} class={`w-${services.indexOf(l.service) % 3 + 1} l-${l.level || "none"} ${l.belonging === "Adopted" ? "adopted" : ""}`}>
                <span class="when num">+{at.toFixed(at < 10 ? 2 : 1)} ms</span>
                <span class="who">{l.service}</span>
                <span class="bar" aria-hidden="true"><i style={{ marginLeft: `${Math.min(99, at / whole * 100)}%`, width: `${Math.min(width, 100 - Math.min(99, at / whole * 100))}%` }} /></span>
                <span class="what"><strong>{l.event}</strong>{l.level !== "" && l.level !== "info" && <span class="tag">{l.level}</span>} <span class="said">{l.text === l.event ? "" : l.text}</span>
                  {l.belonging === "Adopted" && <em>No id in this line. {Math.round((l.confidence ?? 0) * 100)}% sure that it belongs here: {l.why}.</em>}
                  {l.belonging === "Mention" && <em>Only mentions the id.</em>}</span>
              </li>
            );
          })}
          {c.timeline?.missing.map((m) => (
            <li key={`${m.service} ${m.event}`} class="missing"><span class="when">never</span><span class="who">{m.service}</span><span class="bar" aria-hidden="true" />
              <span class="what"><strong>{m.event}</strong> <span class="tag">missing</span> {Math.round(m.share * 100)}% of {m.compared} requests like this have it{m.after ? ` after ${m.after}` : ""}.</span></li>
          ))}
        </ol>
      )}
      {c.timeline?.skews.map((k) => <p class="note" key={k.source}>The clock of {k.source} is {k.estimateMs} ms ahead of {k.reference} (between {k.lowMs} and {k.highMs}, from {count(k.requests, "request")}); the times above are corrected.</p>)}
      <Blind report={c} />
    </section>
  );
}

function Verdict({ report: r }: { report: Report }): JSX.Element {
  return <p class={`verdict v-${r.outcome}`}><span class="stamp"><span aria-hidden="true">{signs[r.outcome]} </span>{r.outcome}</span> {r.summary}</p>;
}

function Blind({ report: r }: { report: Report }): JSX.Element {
  return (
    <details><summary>What this cannot see, and what is yours to decide</summary>
      <ul>{r.blindSpots.map((b) => <li key={b}>{b}</li>)}</ul><p><strong>For you to decide:</strong> {r.decision}</p>
    </details>
  );
}
