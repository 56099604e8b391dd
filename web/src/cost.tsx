// The last 'plumb cost' of this home: what was found, and each service's daily spend with the band in which nothing alarms.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { State } from "./live";
import type { Problem } from "./types";

interface CostFinding {
  id: string; kind: string; severity: string; summary: string; service: string; start: string; end: string | null; lastDay: string; because: string; excess: number;
  changes: { at: string; what: string; source: string; hoursBefore?: number }[];
  explanation: { account?: string; region?: string; usageType?: string; tag?: string; others?: number; excess: number }[];
}
interface CostService { name: string; actual: number[]; expected: (number | null)[]; low: (number | null)[]; high: (number | null)[] }
interface CostReport {
  outcome: string; summary: string; finishedAt: string; currency: string | null; source: { name: string; format: string; firstDay: string | null; lastDay: string | null };
  findings: CostFinding[]; days: string[]; services: CostService[]; blindSpots: string[]; decision: string; changesFrom?: string[]; // absent in a report of an older program
  restatement?: { since: string; days: { day: string; service: string; before: number; now: number }[]; closed: { id: string; service: string; because: string }[] } | null;
  forecast: { month: string; soFar: number; withEpisodes: number; withoutEpisodes: number } | null;
}

const wide = 600;
const high = 120;
const tableRows = 30;

function money(amount: number, currency: string | null): string {
  return `${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency ?? ""}`.trimEnd();
}

export function CostPage(_: { state: State }): JSX.Element {
  const [report, setReport] = useState<CostReport | null | undefined>(undefined);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    void (async () => {
      try {
        const answer = await fetch("/api/cost");
        const body = await answer.json() as CostReport & Problem;
        if (answer.ok) setReport(body); else setProblem(body);
      } catch {
        setProblem({ what: "The report could not be read", remedy: "See whether the console still runs, then reload the page." });
      }
    })();
  }, []);
  return (
    <div class="cost">
      <h1 tabIndex={-1}>Cost</h1>
      <p class="lead">Each service's daily spend against its own past, as the last run of <code>plumb cost</code> found it.</p>
      {problem && <p class="note" role="status"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      {report === undefined && !problem && <p class="empty">Reading the last report…</p>}
      {report === null && <p class="empty panel">No bill was judged yet. Try <code>plumb cost --sample</code>, or <code>plumb cost --from FILE</code> with your own.</p>}
      {report && <Report report={report} />}
    </div>
  );
}

function Report({ report }: { report: CostReport }): JSX.Element {
  const found = new Set(report.findings.map((f) => f.service));
  const services = [...report.services].sort((a, b) => Number(found.has(b.name)) - Number(found.has(a.name)));
  return (
    <>
      <section class="panel" aria-labelledby="cost-h">
        <h2 id="cost-h">{report.outcome}: {report.summary}</h2>
        <p class="note">{report.source.format}, {report.source.firstDay} to {report.source.lastDay}, {report.source.name}. Judged at {new Date(report.finishedAt).toLocaleString()}.</p>
        {report.forecast && <p>{report.forecast.month}: {money(report.forecast.soFar, report.currency)} so far, {money(report.forecast.withEpisodes, report.currency)} by its end{report.findings.length > 0 && `; without this ${money(report.forecast.withoutEpisodes, report.currency)}`}.</p>}
        {report.restatement && <Restated restatement={report.restatement} currency={report.currency} />}
        {report.findings.map((f) => <Found key={f.id} found={f} asked={report.changesFrom ?? []} currency={report.currency} />)}
      </section>
      {services.map((s) => <Service key={s.name} service={s} days={report.days} findings={report.findings.filter((f) => f.service === s.name)} currency={report.currency} />)}
      <section class="panel" aria-labelledby="cost-end">
        <h2 id="cost-end">What this cannot see</h2>
        <ul>{report.blindSpots.map((b) => <li key={b}>{b}</li>)}</ul>
        <p><strong>For you to decide:</strong> {report.decision}</p>
      </section>
    </>
  );
}

const mostRestated = 5;

function Restated({ restatement: r, currency }: { restatement: NonNullable<CostReport["restatement"]>; currency: string | null }): JSX.Element | null {
  if (r.days.length === 0) return null;
  return (
    <>
      <p>{r.days.length} {r.days.length === 1 ? "day was" : "days were"} restated since {new Date(r.since).toLocaleString()}, and judged anew:</p>
      <ul>
        {r.days.slice(0, mostRestated).map((d) => <li key={d.day + d.service}>{d.day} {d.service}: {money(d.now, currency)}, was {money(d.before, currency)}</li>)}
        {r.days.length > mostRestated && <li>and {r.days.length - mostRestated} more</li>}
        {r.closed.map((c) => <li key={c.id}>closed: {c.service}, {c.because}</li>)}
      </ul>
    </>
  );
}

/** A bill has days and no hours, so hours are counted to the beginning of the day. */
function before(hours: number, start: string): string {
  return hours > 0 ? `${hours.toLocaleString("en")} h before ${start} began` : "on that day";
}

function Found({ found, asked, currency }: { found: CostFinding; asked: string[]; currency: string | null }): JSX.Element {
  return (
    <div>
      <h3>{found.severity}: {found.service}</h3>
      <p>{found.summary}. Expected because {found.because}.</p>
      <ul>{found.explanation.map((e, i) => <li key={i}><span class="num">{e.excess > 0 ? "+" : ""}{money(e.excess, currency)}</span> {e.others ? `${e.others} others` : [e.account, e.region, e.usageType, e.tag].filter(Boolean).join(" · ")}</li>)}</ul>
      {found.changes.length > 0 && <><p>What changed, which may or may not be why:</p><ul>{found.changes.map((c, i) => <li key={i}>{before(c.hoursBefore ?? 0, found.start)}: {c.what} ({c.source})</li>)}</ul></>}
      {found.changes.length === 0 && asked.length > 0 && <p class="note">Nothing changed on the day before and on {found.start} that {asked.join(" or ")} would tell.</p>}
    </div>
  );
}

function Service({ service, days, findings, currency }: { service: CostService; days: string[]; findings: CostFinding[]; currency: string | null }): JSX.Element {
  // What was spent sets the scale: the band of the first weeks, when little is known, would make everything else flat.
  const most = Math.max(0.01, ...service.actual);
  const top = most * 1.3;
  const x = (i: number): number => (days.length < 2 ? 0 : (i * wide) / (days.length - 1));
  const y = (v: number): number => high - (Math.min(v, top) * high) / top;
  const known = days.map((_, i) => i).filter((i) => service.expected[i] != null);
  const line = (values: (number | null)[], at: number[]): string => at.map((i) => `${x(i).toFixed(1)},${y(values[i] ?? 0).toFixed(1)}`).join(" ");
  const band = `${line(service.high, known)} ${line(service.low, [...known].reverse())}`;
  const every = days.map((_, i) => i);
  const last = service.actual[service.actual.length - 1] ?? 0;
  const text = `${service.name}: ${money(last, currency)} on ${days[days.length - 1]}${findings.length > 0 ? `; ${findings.map((f) => `${f.kind} since ${f.start}`).join(", ")}` : "; as expected"}`;
  return (
    <section class="panel" aria-label={service.name}>
      <h2>{service.name}</h2>
      <svg viewBox={`0 0 ${wide} ${high}`} width="100%" height={high} preserveAspectRatio="none" role="img" aria-label={text}>
        {findings.map((f) => {
          const from = Math.max(0, days.indexOf(f.start));
          const to = days.indexOf(f.lastDay);
          return to >= 0 && <rect key={f.id} x={Math.max(0, x(from) - 2)} y={0} width={Math.max(4, x(to) - x(from) + 4)} height={high} fill="var(--line-3)" opacity="0.25" />;
        })}
        {known.length > 1 && <polygon points={band} fill="var(--line-2)" opacity="0.2" />}
        {known.length > 1 && <polyline points={line(service.expected, known)} fill="none" stroke="var(--line-2)" stroke-dasharray="6 3" vector-effect="non-scaling-stroke" />}
        <polyline points={line(service.actual, every)} fill="none" stroke="var(--line-1)" stroke-width="1.5" vector-effect="non-scaling-stroke" />
      </svg>
      <p class="note">{text}. Solid: spend; dashed: expected; band: what would not alarm; at most {money(most, currency)}.</p>
      <details>
        <summary>The last {Math.min(tableRows, days.length)} days as a table</summary>
        <table>
          <thead><tr><th scope="col">Day</th><th scope="col">Spend</th><th scope="col">Expected</th></tr></thead>
          <tbody>{every.slice(-tableRows).map((i) => <tr key={i}><td>{days[i]}</td><td class="num">{money(service.actual[i] ?? 0, currency)}</td><td class="num">{service.expected[i] == null ? "–" : money(service.expected[i]!, currency)}</td></tr>)}</tbody>
        </table>
      </details>
    </section>
  );
}
