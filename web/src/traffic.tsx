// What users feel: requests, errors, latency. Read from Prometheus through the server, only while the page is looked at.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Chart } from "./chart";
import type { Problem, Traffic } from "./types";
import { clock } from "./use";

const everyMs = 5_000;
const spans = [5, 15, 60];

export function TrafficSection(): JSX.Element {
  const [minutes, setMinutes] = useState(15);
  const [traffic, setTraffic] = useState<Traffic | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [readAt, setReadAt] = useState(0);

  useEffect(() => {
    let over = false;
    let timer = 0;
    const read = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const answer = await fetch(`/api/traffic?minutes=${minutes}`);
          const body = await answer.json() as Traffic & Problem;
          if (over) return;
          const said = answer.ok ? body.problem ?? null : body;
          setProblem(said);
          if (!said) { setTraffic(body); setReadAt(Date.now()); }
        } catch {
          if (!over) setProblem({ what: "The charts could not be read", remedy: "The console itself may be gone; it tries again." });
        }
      }
      if (!over) timer = window.setTimeout(() => void read(), everyMs);
    };
    const shown = (): void => { if (!document.hidden) { clearTimeout(timer); void read(); } };
    void read();
    document.addEventListener("visibilitychange", shown);
    return () => { over = true; clearTimeout(timer); document.removeEventListener("visibilitychange", shown); };
  }, [minutes]);

  return (
    <section aria-labelledby="traffic-h">
      <header class="row">
        <h2 id="traffic-h">Requests</h2>
        <div class="segmented" role="group" aria-label="Time span">
          {spans.map((m) => <button type="button" key={m} aria-pressed={m === minutes} onClick={() => setMinutes(m)}>{m} min</button>)}
        </div>
      </header>
      {problem && <p class="note trouble" role="status">{problem.what}. {problem.remedy}{traffic && ` The charts show the state of ${clock(readAt)}.`}</p>}
      {!traffic ? !problem && <p class="empty">Reading Prometheus…</p> : (
        <div class={`charts ${problem ? "old" : ""}`}>
          <Chart title="Requests per second" traffic={traffic} series={traffic.rate} unit="per second" />
          <Chart title="Errors" traffic={traffic} series={traffic.errors} unit="share" />
          <Chart title="Latency" traffic={traffic} series={traffic.latency} unit="seconds" />
        </div>
      )}
      {traffic && <p class="note">{traffic.measured}</p>}
    </section>
  );
}
