// Kubernetes events: what happened in a sentence, why it matters and what to look at next one press away, the original always there.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { State } from "./live";
import type { ClusterEvent } from "./types";
import { age, clock, count } from "./use";

const shownAtOnce = 150;

export function EventsPage({ state }: { state: State }): JSX.Element {
  const [text, setText] = useState("");
  const [warningsOnly, setWarningsOnly] = useState(false);
  const all = [...state.events.values()].sort((a, b) => Date.parse(b.last ?? "") - Date.parse(a.last ?? ""));
  const sought = text.trim().toLowerCase();
  const found = all.filter((e) => (!warningsOnly || e.type === "Warning")
    && (sought === "" || `${e.namespace} ${e.subject} ${e.reason} ${e.message} ${e.sentence ?? ""}`.toLowerCase().includes(sought)));
  const warnings = all.filter((e) => e.type === "Warning").length;
  return (
    <>
      <h1 tabIndex={-1}>Events</h1>
      <form class="filter" role="search" onSubmit={(e) => e.preventDefault()}>
        <label>Find <input type="search" value={text} onInput={(e) => setText(e.currentTarget.value)} placeholder="pod, reason, word" /></label>
        <label class="check"><input type="checkbox" checked={warningsOnly} onChange={(e) => setWarningsOnly(e.currentTarget.checked)} /> Only warnings ({warnings})</label>
        <p class="note" aria-live="polite">{found.length === all.length ? count(all.length, "event") : `${found.length} of ${count(all.length, "event")}`}</p>
      </form>
      {all.length > 0 && found.length === 0 ? <p class="empty">No event fits. Clear the filter to see all {all.length}.</p> : <EventList state={state} events={found.slice(0, shownAtOnce)} />}
      {found.length > shownAtOnce && <p class="note">The newest {shownAtOnce} are shown; narrow the search to see others.</p>}
      <p class="note">Kubernetes keeps events for about an hour and may drop or merge them: their absence proves nothing.</p>
    </>
  );
}

export function EventList({ state, events, brief }: { state: State; events: ClusterEvent[]; brief?: boolean }): JSX.Element {
  if (events.length === 0) {
    return <p class="empty">{state.source?.state === "connecting" || state.source === null ? "Reading events…" : "No events. Kubernetes forgets them after an hour."}</p>;
  }
  return (
    <div class="panel"><table class={`events ${brief ? "brief" : ""}`}>
      <caption class="vh">Events, newest first</caption>
      <thead><tr><th scope="col">Last seen</th><th scope="col">What happened</th></tr></thead>
      <tbody>{events.map((e) => <EventRow key={e.key} event={e} state={state} />)}</tbody>
    </table></div>
  );
}

function EventRow({ event: e, state }: { event: ClusterEvent; state: State }): JSX.Element {
  const known = e.explanation ? state.explanations[e.explanation] : undefined;
  const warning = e.type === "Warning";
  const times = e.count > 1 ? ` ×${e.count}` : "";
  return (
    <tr class={warning ? "warning" : ""}>
      <td class="when"><time dateTime={e.last} title={e.last ? clock(e.last) : ""}>{age(e.last)}</time></td>
      <td>
        <details>
          <summary>
            {warning && <span class="sign" aria-hidden="true">▲ </span>}{warning && <span class="vh">Warning: </span>}
            <span class="sentence">{e.sentence ?? `${e.reason}: ${e.message}`}</span>{times && <span class="times" title={`seen ${e.count} times`}>{times}</span>}
            <span class="tag">{e.reason}</span>
          </summary>
          <dl>
            {known && <><dt>Why it matters</dt><dd>{known.why}</dd><dt>Look next</dt><dd>{known.next}</dd></>}
            <dt>Kubernetes said</dt><dd class="mono">{e.message || "(no message)"}</dd>
            <dt>About</dt><dd class="mono">{e.namespace}/{e.subject}{e.component && `, told by ${e.component}`}</dd>
            <dt>Seen</dt><dd>{e.first && e.first !== e.last ? `${clock(e.first)} to ${e.last ? clock(e.last) : "–"}` : e.last ? clock(e.last) : "–"}{e.count > 1 && `, ${e.count} times`}</dd>
          </dl>
        </details>
      </td>
    </tr>
  );
}
