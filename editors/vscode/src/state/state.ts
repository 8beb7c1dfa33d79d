/**
 * What the conversation shows. The host and the view each hold a copy and apply the same actions to
 * it (`reduce.ts`), so that only changes travel between them. It is never mutated.
 */

import type {
  AskForApproval,
  RateLimitSnapshot,
  SandboxEnforcement,
  SandboxPolicy,
  ServerRequests,
  ThreadItem,
  ThreadStatus,
  ThreadTokenUsage,
  TurnError,
  TurnPlanStep,
  TurnStatus,
} from "contract";

export type ServerPhase = "starting" | "ready" | "waiting" | "failed" | "stopped";

export interface ViewState {
  server: { phase: ServerPhase; detail: string | null };
  trusted: boolean;
  thread: OpenThread | null;
  /** A thread is being fetched. */
  opening: boolean;
  questions: Question[];
  /** Messages of the user's that the server has not taken on record. */
  outbox: Outgoing[];
  chips: ContextChip[];
  /** What is in the prompt; `revision` goes up when somebody else than the user changes it. */
  prompt: { text: string; revision: number };
  rateLimits: RateLimitSnapshot | null;
  notices: Notice[];
}

export interface OpenThread {
  id: string;
  name: string | null;
  preview: string;
  cwd: string;
  status: ThreadStatus;
  settings: ShownSettings | null;
  turns: ShownTurn[];
  /** Where the turns before these are; `null` if there are none. */
  older: string | null;
  usage: ThreadTokenUsage | null;
  /** Another program writes this thread; it can be read and forked. */
  readOnly: boolean;
}

export interface ShownSettings {
  model: string;
  effort: string | null;
  approvalPolicy: AskForApproval;
  sandbox: SandboxPolicy;
  enforcement: SandboxEnforcement | null;
}

export interface ShownTurn {
  id: string;
  status: TurnStatus;
  error: TurnError | null;
  durationMs: number | null;
  items: ThreadItem[];
  plan: TurnPlanStep[] | null;
  /** A unified diff of all the turn's patches. */
  diff: string;
  /** What failed and is being tried again. */
  retrying: string | null;
  /** The latest word of a tool that is running, by item id. */
  progress: Record<string, string>;
}

export interface Outgoing {
  id: string;
  threadId: string | null;
  text: string;
  chips: ContextChip[];
}

/** A file or a part of one that goes with the next message. */
export interface ContextChip {
  id: string;
  path: string;
  label: string;
  /** The first and the last line, counted from 1; `null` for the whole file. */
  lines: [number, number] | null;
  /** The part; `null` for a whole file, which the agent reads itself. */
  text: string | null;
  language: string;
  /** It follows the editor, as against one that the user has put there. */
  automatic: boolean;
}

export interface Notice {
  id: number;
  severity: "warning" | "error";
  text: string;
}

export type QuestionMethod = Exclude<keyof ServerRequests, "item/tool/call">;

export type Question = {
  [M in QuestionMethod]: {
    key: string;
    method: M;
    params: ServerRequests[M]["params"];
    /** Who asks, if it is an agent that the thread has started. */
    agent: string | null;
  };
}[QuestionMethod];

export type Answer = ServerRequests[QuestionMethod]["result"];

export const INITIAL: ViewState = {
  server: { phase: "stopped", detail: null },
  trusted: true,
  thread: null,
  opening: false,
  questions: [],
  outbox: [],
  chips: [],
  prompt: { text: "", revision: 0 },
  rateLimits: null,
  notices: [],
};
