// A question to the console: what it answered, or what is wrong in its words.
import type { Problem } from "./types";

export async function ask<T>(address: string, body?: unknown): Promise<{ value?: T; problem?: Problem }> {
  try {
    const answer = await fetch(address, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const text = await answer.text();
    const said = text === "" ? undefined : JSON.parse(text) as T & Problem;
    return answer.ok ? { value: said as T } : { problem: said ?? { what: `The console answered ${answer.status}`, remedy: "Reload the page." } };
  } catch {
    return { problem: { what: "The console did not answer", remedy: "See whether it still runs, then try again." } };
  }
}
