// What the server says; the same shapes as the records in src/Plumb.Cli/WebConsole. Times are ISO 8601; absent means null.

export interface Node { name: string; status: string; ready: boolean; schedulable: boolean; version: string; cpu: string; memory: string; created?: string }

export type Health = "ok" | "starting" | "done" | "ending" | "bad";

export interface Pod {
  key: string; namespace: string; name: string; node?: string; status: string; health: Health;
  readyCount: number; containers: number; restarts: number; lastRestart?: string; created?: string; address?: string;
}

export interface ClusterEvent {
  key: string; type: string; reason: string; message: string; namespace: string; subject: string; component: string;
  count: number; first?: string; last?: string; sentence?: string; explanation?: string;
}

export interface Explanation { why: string; next: string }

export interface Source { state: "connecting" | "live" | "lost"; since: string; readAt?: string; message?: string }

export interface NavItem { id: string; title: string }

export interface Progress { atMs: number; phase: string; text: string }

export interface Result {
  outcome: "pass" | "fail" | "inconclusive" | "error"; headline: string; downtimeMs?: number; downtimeBoundMs?: number;
  measures: { label: string; value: string; note?: string }[];
  findings: { severity: string; summary: string }[];
  hypothesis: { claim: string; before?: string; during?: string; after?: string; detail?: string }[];
  sequence: { atMs: number; source: string; text: string }[];
  undo?: string; blindSpots: string[]; trap?: string; fix?: string; decision?: string; evidence?: string;
}

export interface Run { id: string; experiment: string; title: string; state: "running" | "undoing" | "finished"; startedAt: string; progress: Progress[]; result?: Result }

export interface Snapshot {
  now: string; cluster: string; source: Source; nav: NavItem[]; nodes: Node[]; pods: Pod[]; events: ClusterEvent[];
  explanations: Record<string, Explanation>; hasTraffic: boolean; podsLeftOut: number; run?: Run;
}

export interface Delta {
  nodes?: Node[]; pods?: Pod[]; events?: ClusterEvent[]; nodesGone?: string[]; podsGone?: string[]; eventsGone?: string[];
  source?: Source; podsLeftOut?: number; run?: Run; step?: Progress;
}

export interface Problem { what: string; remedy?: string }

export interface Series { name: string; values: (number | null)[] }

export interface Traffic { start: number; step: number; rate: Series[]; errors: Series[]; latency: Series[]; measured: string; problem?: Problem }

export interface Experiment { name: string; title: string; summary: string; unavailable?: string }

export interface Plan {
  planId: string; experiment: string; title: string; target: string; hypothesis: string; measured?: string; blastRadius: string;
  steps: { what: string; undo: string }[]; warnings: string[];
}
