// The words and numbers of a chart, apart from its drawing, so that they can be tested.
import type { Series, Traffic } from "./types";

export type Unit = "per second" | "share" | "seconds";

export function format(value: number | null, unit: Unit): string {
  if (value === null) return "no data";
  switch (unit) {
    case "per second": return `${value !== 0 && value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
    case "share": return value === 0 ? "0%" : value < 0.001 ? `${(value * 100).toFixed(3)}%` : `${(value * 100).toFixed(value < 0.1 ? 1 : 0)}%`;
    case "seconds": return value === 0 ? "0 ms" : value < 0.01 ? `${(value * 1000).toFixed(1)} ms` : value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`;
  }
}

/** The spans, as first and last index, in which no series has a value. */
export function gaps(series: Series[]): [number, number][] {
  const found: [number, number][] = [];
  const length = series[0]?.values.length ?? 0;
  for (let i = 0; i < length; i++) {
    if (series.some((s) => s.values[i] !== null)) continue;
    const from = i;
    while (i + 1 < length && series.every((s) => s.values[i + 1] === null)) i++;
    found.push([from, i]);
  }
  return found;
}

/** What the chart shows, for somebody who does not see it. */
export function sentence(traffic: Traffic, series: Series[], unit: Unit, clock: (ms: number) => string): string {
  const length = series[0]?.values.length ?? 0;
  const told = series.map((s) => {
    const known = s.values.filter((v): v is number => v !== null);
    return known.length === 0
      ? `${s.name}: no data.`
      : `${s.name}: now ${format(s.values.at(-1) ?? null, unit)}, lowest ${format(Math.min(...known), unit)}, highest ${format(Math.max(...known), unit)}.`;
  });
  const missing = gaps(series).map(([from, to]) => `${clock((traffic.start + from * traffic.step) * 1000)} to ${clock((traffic.start + to * traffic.step) * 1000)}`);
  const minutes = Math.round(length * traffic.step / 60);
  return `Last ${minutes} minutes. ${told.join(" ")}${missing.length > 0 ? ` No data: ${missing.join("; ")}.` : ""}`;
}
