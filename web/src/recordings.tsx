// What the flight recorder saved: the list, and one recording with its calls and its container's log on one time axis.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./ask";
import type { State } from "./live";
import { type Document, type Finding, held, OneRecording, type Recording, seen } from "./recording";
import type { Problem } from "./types";
import { age, clock } from "./use";

interface Listed { recordings: Recording[]; findings: Finding[]; problems: string[] }

const ofFinding = "finding-";
const ofPod = "pod-";
const idOfAddress = (): string => decodeURIComponent(location.hash.slice(1));
/** Everything, or what belongs to a finding or to a pod; not one recording. */
const isList = (id: string): boolean => id === "" || id.startsWith(ofFinding) || id.startsWith(ofPod);


export function RecordingsPage(_: { state: State }): JSX.Element {
  const [id, setId] = useState(idOfAddress);
  const [list, setList] = useState<Listed | null>(null);
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
    const answer = isList(wanted) ? await ask<Listed>("/api/recordings") : await ask<Document>(`/api/recordings/${encodeURIComponent(wanted)}`);
    if (!stillWanted()) return;
    setBusy(false);
    setProblem(answer.problem ?? null);
    setShown(isList(wanted) ? null : answer.value as Document ?? null);
    if (isList(wanted)) setList(answer.value as Listed ?? null);
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
      <div class="row"><h1 tabIndex={-1} ref={heading}>{titleOf(id)}</h1>
        <span>{id !== "" && <a href="#">All recordings</a>} {isList(id) && <button type="button" disabled={busy} onClick={() => void load(id, () => true)}>Read again</button>}</span></div>
      <div role="status">{busy && <p class="note">Reading…</p>}</div>
      {problem && <p class="note trouble" role="alert"><strong>{problem.what}.</strong> {problem.remedy}</p>}
      {isList(id) ? list && <List key={id} id={id} {...list} /> : shown && <OneRecording key={shown.recording.id} document={shown} />}
    </>
  );
}

function titleOf(id: string): string {
  return id === "" ? "Recordings" : id.startsWith(ofFinding) ? `Finding ${id.slice(ofFinding.length)}` : id.startsWith(ofPod) ? `Recordings of ${id.slice(ofPod.length)}` : `Recording ${id}`;
}

function List({ id, recordings: all, findings, problems }: Listed & { id: string }): JSX.Element {
  const recordings = all.filter((r) => id === "" || `${ofFinding}${r.finding}` === id || `${ofPod}${r.namespace}/${r.pod}` === id);
  const finding = findings.find((f) => `${ofFinding}${f.id}` === id);
  return (
    <>
      {id === "" && <p class="lead">The last system calls of each container of the lab that ended badly or turned unready, saved by itself.</p>}
      {problems.map((p) => <p class="note trouble" key={p}>{p}</p>)}
      {id.startsWith(ofFinding) && (finding ? <Crash finding={finding} /> : <p class="empty panel">There is no such finding of the recorder. <code>plumb findings</code> lists all.</p>)}
      {recordings.length === 0 ? <p class="empty panel">{nothing(id)}</p> : (
        <section class="panel saved" aria-label="Saved recordings">
          <table>
            <caption class="vh">Saved recordings, newest first</caption>
            <thead><tr><th scope="col">Saved</th><th scope="col">Container</th><th scope="col">Why</th><th scope="col">Calls</th><th scope="col">Recording</th>{!id.startsWith(ofFinding) && <th scope="col">Finding</th>}</tr></thead>
            <tbody>{recordings.map((r) => (
              <tr key={r.id}>
                <td><time dateTime={r.at} title={clock(r.at)}>{age(r.at)} ago</time></td>
                <td>{r.namespace}/{r.pod} <span class="ns">{r.container}</span></td><td><strong>{r.why}</strong></td>
                <td>{held(r)}</td><td><a class="mono" href={`#${r.id}`} aria-label={`Recording ${r.id}: ${r.namespace}/${r.pod} ${r.container}, ${r.why}`}>{r.id}</a></td>
                {!id.startsWith(ofFinding) && <td>{r.finding ? <a href={`#${ofFinding}${r.finding}`} aria-label={`Finding ${r.finding} of ${r.namespace}/${r.pod} ${r.container}`}>finding <span class="mono">{r.finding}</span></a> : "–"}</td>}
              </tr>
            ))}</tbody>
          </table>
        </section>
      )}
    </>
  );
}

function nothing(id: string): string {
  return id.startsWith(ofFinding) ? "None of its recordings is kept any more." : id.startsWith(ofPod) ? "No recording of this pod. One is saved when a container of it ends badly or turns unready."
    : "No recordings yet. One is saved when a container of the lab ends badly or turns unready, if plumb up runs as root.";
}

function Crash({ finding: f }: { finding: Finding }): JSX.Element {
  return (
    <ul class="says"><li class="blamed"><p><span class="tag">{f.severity}</span> {f.subject}: <strong>{f.summary}</strong></p>
      <p class="note">{seen(f)}. With evidence and blind spots: <code>plumb explain {f.id}</code></p></li></ul>
  );
}
