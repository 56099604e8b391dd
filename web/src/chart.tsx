// One chart: the line for the eye, a sentence and a table for everyone. No data is a hatched gap, never a line at zero.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { format, gaps, sentence, type Unit } from "./chart-text";
import type { Series, Traffic } from "./types";
import { clock } from "./use";

const height = 132;
const tableRows = 30;
const lines = ["--line-1", "--line-2", "--line-3"];
/** Lines differ by their dashes too, not by colour alone. */
const dashes = [[], [6, 3], [2, 3]];

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Hatches the spans without data, so that a gap is seen as a gap also at the edges. */
function hatch(times: () => number[], missing: () => [number, number][]): uPlot.Plugin {
  return {
    hooks: {
      drawAxes: (u) => {
        const { ctx, bbox } = u;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        ctx.strokeStyle = css("--hatch");
        ctx.lineWidth = devicePixelRatio;
        const t = times();
        for (const [from, to] of missing()) {
          const left = u.valToPos(t[Math.max(0, from - 1)]!, "x", true);
          const right = u.valToPos(t[Math.min(t.length - 1, to + 1)]!, "x", true);
          ctx.save();
          ctx.beginPath();
          ctx.rect(left, bbox.top, right - left, bbox.height);
          ctx.clip();
          ctx.beginPath();
          for (let x = left - bbox.height; x < right; x += 7 * devicePixelRatio) {
            ctx.moveTo(x, bbox.top + bbox.height);
            ctx.lineTo(x + bbox.height, bbox.top);
          }
          ctx.stroke();
          ctx.restore();
        }
        ctx.restore();
      },
    },
  };
}

export function Chart({ title, traffic, series, unit }: { title: string; traffic: Traffic; series: Series[]; unit: Unit }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const times = (series[0]?.values ?? []).map((_, i) => traffic.start + i * traffic.step);
  const latest = useRef({ times, series });
  latest.current = { times, series };
  const names = series.map((s) => s.name).join();

  useEffect(() => {
    const element = place.current!;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, latest.current.series, unit, () => latest.current), [latest.current.times, ...latest.current.series.map((s) => s.values)], element);
    };
    draw();
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    addEventListener("plumb-theme", draw);
    return () => {
      resize.disconnect();
      dark.removeEventListener("change", draw);
      removeEventListener("plumb-theme", draw);
      plot.current?.destroy();
    };
  }, [names, unit]);

  useEffect(() => { plot.current?.setData([times, ...series.map((s) => s.values)]); }, [traffic]);

  return (
    <figure class="panel chart">
      <figcaption>
        <h3>{title}</h3>
        <p class="now">{series.map((s, i) => <span key={s.name}><span class={`key key-${i + 1}`} aria-hidden="true" />{series.length > 1 && `${s.name} `}<b>{format(s.values.at(-1) ?? null, unit)}</b></span>)}</p>
        <p class="vh">{sentence(traffic, series, unit, clock)}</p>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
      <details class="data">
        <summary>{title} as a table</summary>
        <table>
          <thead><tr><th scope="col">Time</th>{series.map((s) => <th scope="col" class="num" key={s.name}>{s.name}</th>)}</tr></thead>
          <tbody>
            {times.map((t, i) => ({ t, i })).slice(-tableRows).reverse().map(({ t, i }) => (
              <tr key={t}><th scope="row">{clock(t * 1000)}</th>{series.map((s) => <td class="num" key={s.name}>{format(s.values[i] ?? null, unit)}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function options(element: HTMLElement, series: Series[], unit: Unit, latest: () => { times: number[]; series: Series[] }): uPlot.Options {
  const axis: uPlot.Axis = { stroke: css("--text-2"), grid: { stroke: css("--rule"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    width: element.clientWidth,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, Math.max(max ?? 0, unit === "share" ? 0.01 : unit === "seconds" ? 0.01 : 1) * 1.1] } },
    axes: [
      { ...axis, size: 24, space: 60, values: (_u, ticks) => ticks.map((t) => clock(t * 1000).slice(0, 5)) },
      { ...axis, size: 54, space: 28, values: (_u, ticks) => ticks.map((v) => format(v, unit)) },
    ],
    series: [{}, ...series.map((s, i) => ({ label: s.name, stroke: css(lines[i]!), width: 1.5, dash: dashes[i] ?? [], spanGaps: false, points: { show: false } }))],
    plugins: [hatch(() => latest().times, () => gaps(latest().series))],
  };
}
