// The words and numbers of the charts. Run by `npm test`; needs no browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import { build } from "esbuild";

const built = await build({ entryPoints: [new URL("../src/chart-text.ts", import.meta.url).pathname], bundle: true, format: "esm", write: false });
const { format, gaps, sentence } = await import("data:text/javascript," + encodeURIComponent(built.outputFiles[0].text));

test("no data is never shown as a number", () => {
  for (const unit of ["per second", "share", "seconds"]) assert.equal(format(null, unit), "no data");
});

test("zero is zero and small shares do not round to it", () => {
  assert.equal(format(0, "share"), "0%");
  assert.equal(format(0.00005, "share"), "0.005%");
  assert.equal(format(0.004, "share"), "0.4%");
  assert.equal(format(0.31, "share"), "31%");
});

test("latency has the unit that a person would use", () => {
  assert.equal(format(0.0042, "seconds"), "4.2 ms");
  assert.equal(format(0.25, "seconds"), "250 ms");
  assert.equal(format(2.5, "seconds"), "2.50 s");
});

test("a gap is where every line is missing, at the edges too", () => {
  const series = [{ name: "a", values: [null, 1, null, null, 2, null] }, { name: "b", values: [null, 1, 3, null, 2, null] }];
  assert.deepEqual(gaps(series), [[0, 0], [3, 3], [5, 5]]);
  assert.deepEqual(gaps([]), []);
});

test("the sentence for those who do not see the chart names values and gaps", () => {
  const traffic = { start: 1000, step: 60, rate: [], errors: [], latency: [], measured: "" };
  const said = sentence(traffic, [{ name: "requests", values: [10, null, 30] }], "per second", (ms) => `t${ms / 1000}`);
  assert.equal(said, "Last 3 minutes. requests: now 30/s, lowest 10/s, highest 30/s. No data: t1060 to t1060.");
  assert.match(sentence(traffic, [{ name: "requests", values: [null] }], "per second", String), /requests: no data\./);
});
