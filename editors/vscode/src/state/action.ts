/** What can happen to the state. */

import type { RateLimitSnapshot, ServerNotification } from "contract";
import type {
  ContextChip,
  Notice,
  OpenThread,
  Outgoing,
  Question,
  ServerPhase,
  ShownTurn,
} from "./state";

export type Action =
  /** The server said something. */
  | { type: "heard"; message: ServerNotification }
  | { type: "phase"; phase: ServerPhase; detail: string | null }
  /** The server is gone, and with it whatever it was doing. */
  | { type: "lost" }
  | { type: "opening"; opening: boolean }
  | { type: "opened"; thread: OpenThread | null }
  | { type: "older"; threadId: string; turns: ShownTurn[]; cursor: string | null }
  | { type: "asked"; question: Question }
  | { type: "settled"; key: string }
  | { type: "typed"; text: string }
  | { type: "sent"; message: Outgoing }
  /** Messages nobody has taken on record go back to the prompt. */
  | { type: "putBack"; ids: string[] }
  | { type: "chips"; chips: ContextChip[] }
  | { type: "notice"; notice: Notice }
  | { type: "dismissed"; id: number }
  | { type: "trusted"; trusted: boolean }
  | { type: "rateLimits"; limits: RateLimitSnapshot };
