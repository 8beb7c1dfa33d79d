/** What a notification of the server's changes in the open thread. */

import type { ServerNotification, ServerNotifications, Turn } from "contract";
import { grow, NEW_SECTION } from "./itemDeltas";
import { shownInput } from "./promptInput";
import type { OpenThread, ShownTurn } from "./state";
import { upsertItem } from "./turnItems";

type Params<M extends keyof ServerNotifications> = ServerNotifications[M]["params"];

export function hear(thread: OpenThread, message: ServerNotification): OpenThread {
  const about = message.params as { threadId?: string | null };
  if (about.threadId !== thread.id) return thread;
  switch (message.method) {
    case "thread/status/changed":
      return { ...thread, status: message.params.status };
    case "thread/closed":
      return { ...thread, status: { type: "notLoaded" } };
    case "thread/name/updated":
      return { ...thread, name: message.params.threadName };
    case "thread/settings/updated":
      return settled(thread, message.params);
    case "thread/tokenUsage/updated":
      return { ...thread, usage: message.params.tokenUsage };
    case "turn/started":
      return begun(thread, message.params.turn);
    case "turn/completed":
      return ended(thread, message.params.turn);
    default:
      return inTurn(thread, message);
  }
}

/** What the thread looks like when its server is gone. */
export function interrupted(thread: OpenThread): OpenThread {
  const turns = thread.turns.map((turn) =>
    turn.status === "inProgress" ? { ...turn, status: "interrupted" as const } : turn,
  );
  return { ...thread, status: { type: "notLoaded" }, turns };
}

export function shownTurn(turn: Turn): ShownTurn {
  return {
    id: turn.id,
    status: turn.status,
    error: turn.error,
    durationMs: turn.durationMs,
    items: turn.items,
    plan: null,
    diff: "",
    retrying: null,
    progress: {},
  };
}

function settled(thread: OpenThread, params: Params<"thread/settings/updated">): OpenThread {
  const { model, effort, approvalPolicy, sandboxPolicy } = params.threadSettings;
  const enforcement = thread.settings?.enforcement ?? null;
  const settings = { model, effort, approvalPolicy, sandbox: sandboxPolicy, enforcement };
  return { ...thread, settings };
}

function begun(thread: OpenThread, turn: Turn): OpenThread {
  if (thread.turns.some((each) => each.id === turn.id)) return thread;
  return { ...thread, turns: [...thread.turns, shownTurn(turn)] };
}

function ended(thread: OpenThread, { id, status, error, durationMs }: Turn): OpenThread {
  return changeTurn(thread, id, (turn) => ({ ...turn, status, error, durationMs, retrying: null }));
}

function inTurn(thread: OpenThread, message: ServerNotification): OpenThread {
  const change = turnChange(message);
  const { turnId } = message.params as { turnId?: string };
  if (!change || !turnId) return thread;
  return changeTurn(previewed(thread, message), turnId, change);
}

/** The server says what a thread begins with only when it is asked; the first message is that. */
function previewed(thread: OpenThread, message: ServerNotification): OpenThread {
  if (thread.preview !== "" || message.method !== "item/completed") return thread;
  const { item } = message.params;
  return item.type === "userMessage" ? { ...thread, preview: shownInput(item.content).text } : thread;
}

function turnChange(message: ServerNotification): ((turn: ShownTurn) => ShownTurn) | null {
  switch (message.method) {
    case "item/started":
    case "item/completed": {
      const { item } = message.params;
      return (turn) => ({ ...upsertItem(turn, item), retrying: null });
    }
    case "turn/plan/updated":
      return (turn) => ({ ...turn, plan: message.params.plan });
    case "turn/diff/updated":
      return (turn) => ({ ...turn, diff: message.params.diff });
    case "error":
      return message.params.willRetry
        ? (turn) => ({ ...turn, retrying: message.params.error.message })
        : null;
    case "item/mcpToolCall/progress": {
      const { itemId, message: word } = message.params;
      return (turn) => ({ ...turn, progress: { ...turn.progress, [itemId]: word } });
    }
    case "item/agentMessage/delta":
      return (turn) => grow(turn, message.params.itemId, "text", 0, message.params.delta);
    case "item/commandExecution/outputDelta":
      return (turn) => grow(turn, message.params.itemId, "output", 0, message.params.delta);
    case "item/reasoning/summaryPartAdded":
      return (turn) =>
        grow(turn, message.params.itemId, "summary", message.params.summaryIndex, NEW_SECTION);
    case "item/reasoning/summaryTextDelta": {
      const { itemId, summaryIndex, delta } = message.params;
      return (turn) => grow(turn, itemId, "summary", summaryIndex, delta);
    }
    case "item/reasoning/textDelta": {
      const { itemId, contentIndex, delta } = message.params;
      return (turn) => grow(turn, itemId, "content", contentIndex, delta);
    }
    default:
      return null;
  }
}

function changeTurn(
  thread: OpenThread,
  id: string,
  change: (turn: ShownTurn) => ShownTurn,
): OpenThread {
  // Nearly always it is the last one.
  const index = thread.turns.findLastIndex((turn) => turn.id === id);
  const turn = thread.turns[index];
  if (!turn) return thread;
  const changed = change(turn);
  return changed === turn ? thread : { ...thread, turns: thread.turns.with(index, changed) };
}
