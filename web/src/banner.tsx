// Says, above everything, when what is shown is not what is.
import type { JSX } from "preact";
import type { State } from "./live";
import { clock } from "./use";

export function Banner({ state }: { state: State }): JSX.Element | null {
  const text = trouble(state);
  return <div role="alert" class="banner-slot">{text && <p class="banner"><strong>{text.what}</strong> {text.meaning}</p>}</div>;
}

function trouble(state: State): { what: string; meaning: string } | null {
  const shown = state.nodes.size + state.pods.size > 0 ? `Showing the state of ${clock(state.heardAt)}; it may have changed since.` : "Nothing is known yet.";
  switch (state.link) {
    case "lost": return { what: "Connection lost.", meaning: `${shown} Trying again every second or two.` };
    case "stopped": return { what: "The console was stopped.", meaning: `${shown} It goes on by itself if the console starts again on the same address with this browser's token; otherwise open the newly printed address.` };
    case "refused": return { what: "This page's token is no longer valid.", meaning: `${shown} The console was started anew: open the address that it printed.` };
    default:
  }
  if (state.source?.state === "lost") {
    const at = state.source.readAt ? `Showing the state of ${clock(state.source.readAt)}; it may have changed since.` : "Nothing could be read yet.";
    return { what: "The cluster cannot be read.", meaning: `${at} ${state.source.message ?? ""}` };
  }
  return null;
}
