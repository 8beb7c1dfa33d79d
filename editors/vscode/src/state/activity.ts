/** In one word, what is going on. */

import type { ViewState } from "./state";

export type Activity =
  | "offline"
  | "starting"
  | "opening"
  | "none"
  | "idle"
  | "working"
  | "waiting"
  | "failed"
  | "readOnly";

export function activityOf(state: ViewState): Activity {
  const { phase } = state.server;
  if (phase === "failed" || phase === "waiting") return "offline";
  if (phase === "starting") return "starting";
  if (state.opening) return "opening";
  if (!state.thread) return state.outbox.length > 0 ? "starting" : "none";
  if (state.questions.length > 0) return "waiting";
  if (isWorking(state)) return "working";
  if (state.thread.readOnly) return "readOnly";
  return state.thread.turns.at(-1)?.status === "failed" ? "failed" : "idle";
}

export function isWorking(state: ViewState): boolean {
  const thread = state.thread;
  if (!thread) return false;
  return thread.status.type === "active" || thread.turns.at(-1)?.status === "inProgress";
}

const WORDS: Record<Activity, string> = {
  offline: "Server not running",
  starting: "Starting…",
  opening: "Opening…",
  none: "No thread",
  idle: "Ready",
  working: "Working…",
  waiting: "Waiting for you",
  failed: "Failed",
  readOnly: "Read-only",
};

export function wordsOf(activity: Activity): string {
  return WORDS[activity];
}
