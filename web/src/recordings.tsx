// What the flight recorder saved: the list, and one recording with its calls and its container's log on one time axis.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask";
import type { State } from "./live";
import { type Document, held, OneRecording, type Recording } from "./recording";
import type { Problem } from "./types";
import { age, clock } from "./use";

const idOfAddress = (): string => decodeURIComponent(location.hash.slice(1));

export function RecordingsPage(_: { state: State }): JSX.Element {
  const [id, setId] = useState(idOfAddress);
  const [list, setList] = useState<{ recordings: Recording[]; problems: string[] } | null>(null);
  const [shown, setShown] = useState<Document | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);

  useEffect(() => {
    const moved = (): void => setId(idOfAddress());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);

  const load = async (wanted: string, stillWanted: () => boolean): Promise<void> => {
    setBusy(true);
    const answer = wanted === "" ? await ask<{ recordings: Recording[]; problems: string[] }>("/api/recordings") : await ask<Document>(`/api/recordings/${encodeURIComponent(wanted)}`);
    if (!stillWanted()) return;
    setBusy(false);
    setProblem(answer.problem ?? null);
    setShown(wanted === "" ? null : answer.value as Document ?? null);
    if (wanted === "") setList(answer.value as typeof list ?? null);
    if (!first.current) heading.current?.focus();
    first.current = false;
  };
  useEffect(() => {
    let wanted = true;
    void load(id, () => wanted);
    return () => { wanted = false; };
  }, [id]);

  return (
    <>
      <div class="row"><h1 tabIndex={-1} ref={heading}>{id === "" ? "Recordings" : `Recording ${id}`}</h1>
        {id === "" ? <button type="button" disabled={busy} onClick={() => void load("", () => true)}>Read again</button> : <a href="#">All recordings</a>}</div>
      <div role="status">{busy && <p class="note">Reading…</p>}</div>
      {problem && <p class="note trouble" role="alert"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      {id === "" ? list && <List {...list} /> : shown && <OneRecording key={shown.recording.id} document={shown} />}
    </>
  );
}

function List({ recordings, problems }: { recordings: Recording[]; problems: string[] }): JSX.Element {
  return (
    <>
      <p class="lead">The last system calls of each container of the lab that ended badly or turned unready, saved by itself.</p>
      {problems.map((p) => <p class="note trouble" key={p}>{p}</p>)}
      {recordings.length === 0 ? <p class="empty panel">No recordings yet. One is saved when a container of the lab ends badly or turns unready, if <code>plumb up</code> runs as root.</p> : (
        <section class="panel saved" aria-label="Saved recordings">
          <table>
            <caption class="vh">Saved recordings, newest first</caption>
            <thead><tr><th scope="col">Saved</th><th scope="col">Container</th><th scope="col">Why</th><th scope="col">Calls</th><th scope="col">Recording</th></tr></thead>
            <tbody>{recordings.map((r) => (
              <tr key={r.id}>
                <td><time dateTime={r.at} title={clock(r.at)}>{age(r.at)} ago</time></td>
                <td>{r.namespace}/{r.pod} <span class="ns">{r.container}</span></td><td><strong>{r.why}</strong></td>
                <td>{held(r)}</td><td><a class="mono" href={`#${r.id}`} aria-label={`${r.id}: ${r.namespace}/${r.pod} ${r.container}, ${r.why}`}>{r.id}</a></td>
              </tr>
            ))}</tbody>
          </table>
        </section>
      )}
    </>
  );
}
