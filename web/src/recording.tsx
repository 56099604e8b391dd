// One recording: what it says, and below it the calls and the log lines on one time axis.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Call, type Choice, choices, choose, failed, fold, type Gap, type Log, merge, ms, offset, parameters, result, type Row, rowAt, rowOf, ticks } from "./timeline";
import { age, clock, count } from "./use";

export interface Recording { id: string; at: string; why: string; namespace: string; pod: string; container: string; node: string; calls: number; whole: boolean; recorded: number; torn: number; lostReturns: number; compat: number; finding?: string | null }
/** What the recordings of a container's ends for one reason are evidence of. */
export interface Finding { id: string; severity: string; subject: string; summary: string; timesSeen: number; firstSeen: string; lastSeen: string }
interface Suspect { text: string; times: number; kind?: string | null; evidence: string[]; cannotSee?: string | null; failure: Call }
interface Observation { kind: string; text: string; evidence: string[]; cannotSee?: string | null }
export interface Document { recording: Recording; finding?: Finding | null; explanation: Suspect[]; observations: Observation[]; calls: (Call | Gap)[]; logs: Log[]; logNotes: string[] }

/** How much of the container's life it holds. */
export function held(r: Recording): string {
  const calls = r.calls.toLocaleString("en");
  return r.whole ? `${calls}, from its first execve` : r.calls >= r.recorded ? `${calls}, without its beginning` : `the last ${calls} of ${r.recorded.toLocaleString("en")}`;
}

/** seen 3 times, at first 2 m ago */
export function seen(f: Finding): string {
  return f.timesSeen === 1 ? `seen once, ${age(f.lastSeen)} ago` : `seen ${f.timesSeen.toLocaleString("en")} times, at first ${age(f.firstSeen)} ago, last ${age(f.lastSeen)} ago`;
}

/** Rows that stand on the page at once. */
const shownAtOnce = 300;
/** Rows before the one that was jumped to. */
const before = 20;
const names: Record<Choice, string> = { everything: "Everything", failures: "Only failures", calls: "Only calls", logs: "Only the log" };

export function OneRecording({ document: d }: { document: Document }): JSX.Element {
  const [choice, setChoice] = useState<Choice>("everything");
  const [first, setFirst] = useState<number | null>(null);
  const [goal, setGoal] = useState<{ row: number; focus: boolean } | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const all = useMemo(() => merge(d.calls, d.logs), [d]);
  const rows = useMemo(() => fold(choose(all, choice)), [all, choice]);
  const suspects = useMemo(() => [...d.explanation].reverse(), [d]);
  const [from, to] = [all[0]?.at ?? 0, all.at(-1)?.at ?? 0];
  // At first what ended it: the last rows, or those around the failure that is blamed.
  const start = Math.max(0, Math.min(first ?? (suspects[0] ? rowAt(rows, ms(suspects[0].failure.at)) - before : rows.length), rows.length - shownAtOnce));

  useEffect(() => {
    if (goal === null) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-row="${goal.row}"]`);
    if (goal.focus) row?.focus();
    else row?.scrollIntoView({ block: "nearest" }); // the slider keeps the focus
  }, [goal]);
  const jump = (row: number, focus: boolean): void => {
    setFirst(row - before);
    setGoal({ row, focus });
  };
  const show = (call: Call): void => {
    setChoice("everything");
    jump(rowOf(fold(all), call.position), true);
  };

  return (
    <div class="recording">
      <Head recording={d.recording} />
      {d.finding && <p class="lead">Finding <a class="mono" href={`#finding-${d.finding.id}`}>{d.finding.id}</a>: {seen(d.finding)}.</p>}
      <section aria-labelledby="says-h"><h2 id="says-h">What it says</h2>
        {suspects.length === 0 && <p>No process of the recording ended badly after a failed call that matters.</p>}
        <ul class="says">
          {suspects.map((s, i) => (
            <li key={i} class="blamed"><p><strong>{s.text}</strong></p><Evidence lines={s.evidence} cannotSee={s.cannotSee} />
              <button type="button" onClick={() => show(s.failure)}>Show the call<span class="vh"> {s.failure.syscall} on the time axis</span></button></li>
          ))}
          {d.observations.map((o, i) => <li key={i}><p><span class="tag">{o.kind}</span> {o.text}</p><Evidence lines={o.evidence} cannotSee={o.cannotSee} /></li>)}
        </ul>
      </section>
      <section aria-labelledby="axis-h"><h2 id="axis-h">Calls and log</h2>
        {d.logNotes.map((n) => <p class="note" key={n}>{n}</p>)}
        <Overview rows={all} from={from} to={to} onJump={(at) => jump(rowAt(rows, at), false)} />
        <div class="row">
          <div class="segmented" role="group" aria-label="What is shown">{choices.map((c) => (
            <button type="button" key={c} aria-pressed={c === choice} onClick={() => { setChoice(c); setFirst(null); }}>{names[c]}</button>
          ))}</div>
          <p class="note" role="status">{summary(rows, start)}</p>
        </div>
        {rows.length === 0 ? <p class="empty panel">{choice === "failures" ? "No call failed." : "There is nothing to show."}</p> : (
          <div class="panel">
            {start > 0 && <button type="button" class="wide" onClick={() => setFirst(Math.max(0, start - shownAtOnce))}>{count(Math.min(start, shownAtOnce), "earlier row")} of {start.toLocaleString("en")}</button>}
            <ol class="axis" ref={list}>{rows.slice(start, start + shownAtOnce).map((r, i) => <OneRow key={`${start + i} ${choice}`} row={r} index={start + i} from={from} />)}</ol>
            {start + shownAtOnce < rows.length && <button type="button" class="wide" onClick={() => setFirst(start + shownAtOnce)}>{count(Math.min(rows.length - start - shownAtOnce, shownAtOnce), "later row")} of {(rows.length - start - shownAtOnce).toLocaleString("en")}</button>}
          </div>
        )}
      </section>
      <p class="note">A log line has the time at which the container's runtime read it: it stands shortly behind the write that it came from. Times count from the first row.
        The same calls as text: <code>plumb trace show {d.recording.id}</code></p>
    </div>
  );
}

function Head({ recording: r }: { recording: Recording }): JSX.Element {
  const lost = r.torn + r.lostReturns + r.compat;
  return (
    <p class="lead"><strong>{r.namespace}/{r.pod}</strong> {r.container}, on {r.node}: <strong>{r.why}</strong>, saved {age(r.at)} ago at {clock(r.at)}. Calls: {held(r)}.
      {lost > 0 && ` Without a return, torn, or of 32 bits: ${lost.toLocaleString("en")}.`}</p>
  );
}

function Evidence({ lines, cannotSee }: { lines: string[]; cannotSee: string | null | undefined }): JSX.Element {
  return <>{lines.map((l, i) => <p class="mono" key={i}>{l}</p>)}{cannotSee && <p class="note">Cannot see: {cannotSee}.</p>}</>;
}

function summary(rows: Row[], start: number): string {
  const shown = Math.min(rows.length, start + shownAtOnce);
  return rows.length <= shownAtOnce ? count(rows.length, "row") : `rows ${(start + 1).toLocaleString("en")} to ${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
}

/** The whole recording as ticks: calls, failures, log lines. The slider under it jumps, by mouse and by keyboard. */
function Overview({ rows, from, to, onJump }: { rows: Row[]; from: number; to: number; onJump: (at: number) => void }): JSX.Element {
  const whole = Math.max(1e-3, to - from);
  const [place, setPlace] = useState(0);
  const of = (wanted: (r: Row) => boolean, top: number, height: number): string => ticks(rows.filter(wanted).map((r) => r.at), from, whole, top, height);
  const paths = useMemo(() => ({
    calls: of((r) => r.kind === "call" && !failed(r), 8, 14), failures: of(failed, 2, 20), logs: of((r) => r.kind === "log", 26, 12), gaps: of((r) => r.kind === "gap", 0, 40),
  }), [rows]);
  const failures = rows.filter(failed).length;
  const logs = rows.filter((r) => r.kind === "log").length;
  const jump = (permille: number): void => { setPlace(permille); onJump(from + whole * permille / 1000); };
  return (
    <figure class="panel strip">
      <svg viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label={`${count(rows.filter((r) => r.kind === "call").length, "call")}, ${failures} of them failed, and ${count(logs, "log line")} in ${offset(whole).slice(1)}`}
        onClick={(e) => { const box = e.currentTarget.getBoundingClientRect(); jump(Math.round((e.clientX - box.left) / box.width * 1000)); }}>
        <path class="t-gap" d={paths.gaps} /><path class="t-call" d={paths.calls} /><path class="t-log" d={paths.logs} /><path class="t-bad" d={paths.failures} />
      </svg>
      <input type="range" min="0" max="1000" value={place} aria-label="Jump to a time of the recording" aria-valuetext={offset(whole * place / 1000)} onInput={(e) => jump(e.currentTarget.valueAsNumber)} />
      <figcaption><span><i class="key t-call" />call</span><span><i class="key t-bad" />failed call</span><span><i class="key t-log" />log line</span><span class="num">{offset(whole).slice(1)} in all</span></figcaption>
    </figure>
  );
}

function OneRow({ row: r, index, from }: { row: Row; index: number; from: number }): JSX.Element {
  const [open, setOpen] = useState(false);
  const when = <span class="when num">{offset(r.at - from)}</span>;
  if (r.kind === "gap") return <li data-row={index} tabIndex={-1} class="gap">{when}<span class="who">gap</span><span class="what">{r.missing.toLocaleString("en")} {r.missing === 1 ? "call" : "calls"} missing: overwritten before they could be read</span></li>;
  if (r.kind === "log") return <li data-row={index} tabIndex={-1} class="log">{when}<span class="who">log</span><span class="what">{plain(r.text)}</span></li>;
  return (
    <li data-row={index} tabIndex={-1} class={failed(r) ? "failed" : ""}>
      {when}<span class="who">{r.call.comm} <span class="ns">{r.call.pid}{r.call.tid !== r.call.pid && `/${r.call.tid}`}</span></span>
      <span class="what"><OneCall call={r.call} />{r.turn.map((c) => <span key={c.position}><br />then <OneCall call={c} /></span>)}
        {r.times > 1 && <button type="button" class="times" aria-expanded={open} onClick={() => setOpen(!open)}>×{r.times.toLocaleString("en")}{r.turn.length > 0 && " in turn"}<span class="vh">: show each call</span></button>}
        {open && r.more.slice(0, shownAtOnce).map((c) => <span class="also" key={c.position}><span class="num">{offset(ms(c.at) - from)}</span> <OneCall call={c} /></span>)}
        {open && r.more.length > shownAtOnce && <span class="also">… and {(r.more.length - shownAtOnce).toLocaleString("en")} more such calls</span>}</span>
    </li>
  );
}

function OneCall({ call: c }: { call: Call }): JSX.Element {
  const took = c.durationNs !== undefined && c.durationNs >= 1e6 ? ` <${offset(c.durationNs / 1e6).slice(1)}>` : "";
  return <span>{c.error && <span class="sign"><span aria-hidden="true">✗</span><span class="vh">failed: </span></span>}<b>{c.syscall}</b>({parameters(c)}) = <span class="ret">{result(c)}</span>{took}</span>;
}

/** Control characters and those that turn the direction of text would make a line lie. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "�");
}
