// A recording as one row after the other: system calls, what the container logged, and where calls are missing. No page in here: tests run it without a browser.

export interface Call {
  at: string; position: number; pid: number; tid: number; uid: number; comm: string; syscall: string; parameters: Record<string, string>;
  state: "returned" | "final" | "inFlight" | "returnLost"; ret?: number; durationNs?: number; returned?: string; error?: string; errorText?: string;
}
export interface Log { at: string; text: string }
export interface Gap { missing: number }

export type Row =
  | { kind: "call"; at: number; call: Call; turn: Call[]; more: Call[]; times: number }
  | { kind: "log"; at: number; text: string }
  | { kind: "gap"; at: number; missing: number };

export const choices = ["everything", "failures", "calls", "logs"] as const;
export type Choice = typeof choices[number];

/** Runs of so many equal calls are one row. */
const leastRun = 3;
/** Calls that are made in turn are at most so many. */
const longestTurn = 4;

/** Milliseconds with what stands behind them: Date.parse stops there, and calls are microseconds apart. */
export function ms(at: string): number {
  return Date.parse(`${at.slice(0, 19)}Z`) + Number(`0${/\.\d+/.exec(at)?.[0] ?? ""}`) * 1000;
}

/** Everything by time. A gap stands before the first call that is there again; a line that was read with a call's own time stands behind it. */
export function merge(calls: (Call | Gap)[], logs: Log[]): Row[] {
  const rows: Row[] = [];
  let last = 0;
  for (let i = calls.length - 1; i >= 0; i--) {
    const one = calls[i]!;
    if (!("missing" in one)) last = ms(one.at);
    rows.unshift("missing" in one ? { kind: "gap", at: last, missing: one.missing } : { kind: "call", at: last, call: one, turn: [], more: [], times: 1 });
  }
  // A gap at the very end has no call behind it.
  const end = rows.findLast((r) => r.at > 0)?.at ?? 0;
  for (const r of rows) if (r.at === 0) r.at = end;
  const merged: Row[] = [];
  let next = 0;
  for (const log of logs) {
    const at = ms(log.at);
    while (next < rows.length && rows[next]!.at <= at) merged.push(rows[next++]!);
    merged.push({ kind: "log", at, text: log.text });
  }
  return [...merged, ...rows.slice(next)];
}

export const failed = (row: Row): boolean => row.kind === "call" && row.call.error !== undefined;

/** What is to be seen. A gap is shown with everything but the logs alone: what is missing may have failed. */
export function choose(rows: Row[], choice: Choice): Row[] {
  if (choice === "everything") return rows;
  return rows.filter((r) => choice === "logs" ? r.kind === "log" : choice === "calls" ? r.kind !== "log" : r.kind === "gap" || failed(r));
}

/** Runs of calls that succeeded and say the same but for numbers, addresses and content, and runs of such calls in turn (read, write, read, …), as one row with all of them. */
export function fold(rows: Row[]): Row[] {
  const keys = rows.map((r) => r.kind === "call" && !failed(r) && r.call.state === "returned" ? sameness(r.call) : null);
  const folded: Row[] = [];
  for (let i = 0; i < rows.length;) {
    const first = rows[i]!;
    const run = runAt(keys, i);
    if (first.kind === "call" && run) {
      const calls = rows.slice(i, i + run.period * run.times).flatMap((r) => r.kind === "call" ? [r.call] : []);
      folded.push({ ...first, turn: calls.slice(1, run.period), more: calls.slice(run.period), times: run.times });
      i += calls.length;
    } else {
      folded.push(first);
      i++;
    }
  }
  return folded;
}

function runAt(keys: (string | null)[], i: number): { period: number; times: number } | null {
  for (let period = 1; period <= longestTurn && keys[i + period - 1]; period++) {
    let end = i + period;
    while (keys[end] && keys[end] === keys[end - period]) end++;
    const times = Math.floor((end - i) / period);
    if (times >= leastRun) return { period, times };
  }
  return null;
}

const bare = /^(-?\d+|0x[0-9a-f]+|NULL|\[\d+\])$/;

function sameness(c: Call): string {
  const said = Object.entries(c.parameters).filter(([name, value]) => name.endsWith("fd") || (!bare.test(value) && !(name === "buf" && c.syscall.includes("read"))));
  return `${c.tid} ${c.syscall} ${said.map(([name, value]) => `${name}=${value}`).join(" ")}`;
}

/** name=value, …, as the command writes it. */
export const parameters = (c: Call): string => Object.entries(c.parameters).map(([name, value]) => `${name}=${value}`).join(", ");

export function result(c: Call): string {
  if (c.state === "inFlight") return "has not returned";
  if (c.state === "returnLost") return "return lost";
  if (c.state === "final") return "does not return";
  return c.error ? `-1 ${c.error} (${c.errorText ?? ""})` : c.returned ?? `${c.ret}`;
}

/** The row that is shown for a time: the last one that began then or before. */
export const rowAt = (rows: Row[], at: number): number => Math.max(0, rows.findLastIndex((r) => r.at <= at));

/** The row that a call stands in; -1 where it is not shown. */
export const rowOf = (rows: Row[], position: number): number =>
  rows.findIndex((r) => r.kind === "call" && [r.call, ...r.turn, ...r.more].some((c) => c.position === position));

export function offset(milliseconds: number): string {
  const sign = milliseconds < 0 ? "−" : "+";
  const size = Math.abs(milliseconds);
  return size < 1000 ? `${sign}${size.toFixed(3)} ms` : `${sign}${(size / 1000).toFixed(3)} s`;
}

/** One path for a kind of ticks: places from 0 to 1000, none twice. */
export function ticks(times: number[], from: number, whole: number, top: number, height: number): string {
  const places = new Set(times.map((t) => Math.round((t - from) / whole * 10000) / 10));
  return [...places].map((x) => `M${x} ${top}v${height}`).join("");
}
