// A recording and a log on one time axis. Run by `npm test`; needs no browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import { build } from "esbuild";

const built = await build({ entryPoints: [new URL("../src/timeline.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false });
const { choose, fold, merge, ms, rowAt, rowOf, ticks } = await import("data:text/javascript," + encodeURIComponent(built.outputFiles[0].text));

const at = (micros) => `2026-01-01T00:00:00.${String(micros).padStart(6, "0")}0+00:00`;
let position = 0;
const call = (micros, syscall, parameters = {}, more = {}) => ({ at: at(micros), position: ++position, pid: 7, tid: 7, comm: "sh", syscall, parameters, state: "returned", ret: 0, ...more });
const names = (rows) => rows.map((r) => r.kind === "call" ? [r.call, ...r.turn].map((c) => c.syscall).join() + (r.times > 1 ? `×${r.times}` : "") : r.kind === "gap" ? `gap ${r.missing}` : r.text);

test("calls, log lines and gaps stand in the order of their time, to the microsecond", () => {
  const rows = merge([call(1, "execve"), { missing: 4 }, call(20, "write"), call(40, "exit_group"), { missing: 2 }], [{ at: "2026-01-01T00:00:00.000020Z", text: "said" }, { at: at(90), text: "late" }]);
  assert.deepEqual(names(rows), ["execve", "gap 4", "write", "said", "exit_group", "gap 2", "late"]);
  assert.equal(Math.round((ms(at(40)) - ms(at(1))) * 1000), 39);
});

test("without calls the log alone is shown, and nothing of nothing", () => {
  assert.deepEqual(names(merge([], [{ at: at(1), text: "only" }])), ["only"]);
  assert.deepEqual(merge([], []), []);
});

test("a run of equal calls that succeeded is one row and keeps every one; a failure is never folded", () => {
  const read = (micros, more) => call(micros, "read", { fd: "3</etc/x>", buf: `"${micros}"`, count: "4096" }, more);
  const rows = merge([read(1), read(2), read(3), read(4, { ret: -1, error: "EIO" }), read(5), read(6)], []);
  assert.deepEqual(names(fold(rows)), ["read×3", "read", "read", "read"]);
  assert.deepEqual(fold(rows)[0].more.map((c) => c.at), [at(2), at(3)]);
});

test("what is about another file, thread or text is another call", () => {
  const open = (name, more) => call(1, "openat", { dfd: "AT_FDCWD", filename: name }, more);
  assert.equal(fold(merge([open('"/a"'), open('"/b"'), open('"/c"')], [])).length, 3);
  assert.equal(fold(merge([open('"/a"'), open('"/a"', { tid: 8 }), open('"/a"')], [])).length, 3);
  const write = (text) => call(1, "write", { fd: "1", buf: text });
  assert.equal(fold(merge([write('"a"'), write('"b"'), write('"c"')], [])).length, 3);
});

test("only failures shows also where calls are missing", () => {
  const rows = merge([call(1, "execve"), { missing: 4 }, call(3, "openat", {}, { ret: -1, error: "EACCES" })], [{ at: at(9), text: "said" }]);
  assert.deepEqual(names(choose(rows, "failures")), ["gap 4", "openat"]);
  assert.deepEqual(names(choose(rows, "logs")), ["said"]);
  assert.deepEqual(names(choose(rows, "calls")), ["execve", "gap 4", "openat"]);
});

test("a time has a row, also before the first and after the last", () => {
  const rows = merge([call(10, "a"), call(20, "b")], []);
  assert.deepEqual([0, 15, 20, 99].map((t) => rowAt(rows, ms(at(t)))), [0, 0, 1, 1]);
});

test("calls in turn are one row from the third turn on, and every call is in a row", () => {
  const loop = (turns) => Array.from({ length: turns }, (_, i) => [call(3 * i, "read", { fd: "0" }), call(3 * i + 1, "write", { fd: "1", count: `${i}` })]).flat();
  assert.deepEqual(names(fold(merge(loop(2), []))), ["read", "write", "read", "write"]);
  const calls = [call(0, "execve"), ...loop(5), call(50, "read", { fd: "0" }), call(60, "exit")];
  const rows = fold(merge(calls, []));
  assert.deepEqual(names(rows), ["execve", "read,write×5", "read", "exit"]);
  assert.deepEqual(rows.flatMap((r) => [r.call, ...r.turn, ...r.more]), calls);
  assert.equal(rowOf(rows, calls[7].position), 1);
  assert.equal(rowOf(rows, 0), -1);
});

test("ticks at one place are drawn once", () => assert.equal(ticks([5, 5, 5.00001, 10], 0, 10, 1, 2), "M500 1v2M1000 1v2"));
