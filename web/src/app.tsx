// The frame of every page: name, connection, navigation, banner, page.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Announcer } from "./announce";
import { Banner } from "./banner";
import { CostPage } from "./cost";
import { DriftPage } from "./drift";
import { EventsPage } from "./events";
import { ExperimentsPage } from "./experiments";
import { isStale, type State } from "./live";
import { LogsPage } from "./logs";
import { OverviewPage } from "./overview";
import { RecordingsPage } from "./recordings";
import { ScenesPage } from "./scenes";
import { applyTheme, storedTheme, type Theme } from "./theme";
import { count, useLive } from "./use";

const pages: Record<string, (props: { state: State }) => JSX.Element> = {
  overview: OverviewPage,
  events: EventsPage,
  experiments: ExperimentsPage,
  cost: CostPage,
  logs: LogsPage,
  drift: DriftPage,
  scenes: ScenesPage,
  recordings: RecordingsPage,
};

function pageOfAddress(): string {
  const id = location.pathname.slice(1);
  return id in pages ? id : "overview";
}

export function App(): JSX.Element {
  const state = useLive();
  const [page, setPage] = useState(pageOfAddress);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  useEffect(() => {
    const back = (): void => setPage(pageOfAddress());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);

  const title = state.nav.find((n) => n.id === page)?.title ?? "Overview";
  useEffect(() => {
    document.title = `${isStale(state) ? "(old) " : ""}${title} · ${state.cluster || "Plumb"}`;
  }, [title, state.cluster, isStale(state)]);

  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.querySelector("h1")?.focus(); // so that a screen reader starts at the new page
  }, [page]);

  const go = (event: MouseEvent, id: string): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (id === page) return;
    history.pushState(null, "", id === "overview" ? "/" : `/${id}`);
    setPage(id);
  };

  const Page = pages[page] ?? OverviewPage;
  return (
    <>
      <a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <div class="brand"><Mark /><span class="word">plumb</span><span class="cluster" title="cluster">{state.cluster}</span></div>
        <nav aria-label="Pages">
          <ul>
            {state.nav.map((item) => (
              <li key={item.id}>
                <a href={item.id === "overview" ? "/" : `/${item.id}`} aria-current={item.id === page ? "page" : undefined} onClick={(e) => go(e, item.id)}>
                  {item.title}
                  {item.id === "experiments" && state.run && state.run.state !== "finished" && <span class="dot" aria-label="running" role="img" />}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="tools"><Connection state={state} /><ThemeSwitch /></div>
      </header>
      <Banner state={state} />
      <main id="main" ref={main} tabIndex={-1} class={isStale(state) ? "stale" : ""}><Page state={state} /></main>
      <Announcer state={state} />
    </>
  );
}

function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d="M12 1v8" stroke="currentColor" stroke-width="2" stroke-linecap="round" /><path d="M7 9h10l-1.200 6L12 23l-3.800-8z" fill="currentColor" />
    </svg>
  );
}

function Connection({ state }: { state: State }): JSX.Element {
  const live = state.link === "live" && state.source?.state === "live";
  const text = live ? "Live" : isStale(state) ? "Not live" : "Connecting";
  return <span class={`link ${live ? "ok" : isStale(state) ? "bad" : "wait"}`}><span class="lamp" aria-hidden="true" />{text}<span class="vh">{live ? `, ${count(state.pods.size, "pod")} watched` : ""}</span></span>;
}

const themes: { id: Theme; text: string; sign: string }[] = [
  { id: "system", text: "Theme: as the system", sign: "◐" },
  { id: "light", text: "Theme: light", sign: "☀" },
  { id: "dark", text: "Theme: dark", sign: "☾" },
];

function ThemeSwitch(): JSX.Element {
  const [theme, set] = useState<Theme>(storedTheme);
  // Before the paint: a button that says "light" on a page that is still dark would be wrong for a moment.
  useLayoutEffect(() => applyTheme(theme), [theme]);
  const index = themes.findIndex((t) => t.id === theme);
  const present = themes[index]!;
  const next = themes[(index + 1) % themes.length]!;
  return (
    <button type="button" class="icon" onClick={() => set(next.id)} title={`${present.text}. Press for ${next.id}.`} aria-label={`${present.text}. Press for ${next.id}.`}>
      <span aria-hidden="true">{present.sign}</span>
    </button>
  );
}
