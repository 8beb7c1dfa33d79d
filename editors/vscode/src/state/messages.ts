/** What the host and the view say to each other. */

import type { Action } from "./action";
import type { Answer, ViewState } from "./state";

export type ToView =
  | { type: "state"; state: ViewState }
  | { type: "actions"; actions: Action[] }
  | { type: "focusPrompt" };

export type ToHost =
  /** The view is there and knows nothing; `draft` is what was in it before. */
  | { type: "ready"; draft: string }
  | { type: "submit"; text: string }
  | { type: "typed"; text: string }
  | { type: "answer"; key: string; answer: Answer }
  | { type: "removeChip"; id: string }
  | { type: "showOlder" }
  | { type: "openLink"; href: string }
  | { type: "openFile"; path: string; line: number | null }
  | { type: "openDiff"; itemId: string; path: string | null }
  | { type: "openTurnDiff"; turnId: string }
  | { type: "copy"; text: string }
  | { type: "dismiss"; id: number }
  | { type: "run"; command: ViewCommand };

/** What the user does in the view. */
export type Intent = Exclude<ToHost, { type: "ready" }>;

/** The commands that the view may start. */
export const VIEW_COMMANDS = [
  "newThread",
  "searchThreads",
  "interrupt",
  "restartServer",
  "showOutput",
  "forkThread",
  "reopenThread",
  "manageTrust",
] as const;
export type ViewCommand = (typeof VIEW_COMMANDS)[number];
