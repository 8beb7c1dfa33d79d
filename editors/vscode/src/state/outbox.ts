/**
 * Messages on their way. One stays in the outbox until its item comes: the server sends that only
 * after it has written it down. Until then the text can go back to the prompt.
 */

import type { ThreadItem } from "contract";
import type { ContextChip, Outgoing, ViewState } from "./state";

export function send(state: ViewState, message: Outgoing): ViewState {
  const { text, revision } = state.prompt;
  // What was typed since the message was sent is the beginning of the next one.
  const left = text.startsWith(message.text) ? text.slice(message.text.length) : text;
  return {
    ...state,
    outbox: [...state.outbox, message],
    prompt: { text: left, revision: revision + 1 },
    chips: state.chips.filter((chip) => chip.automatic),
  };
}

/** Forget the messages that are among these items. */
export function recorded(state: ViewState, items: ThreadItem[]): ViewState {
  if (state.outbox.length === 0) return state;
  const known = new Set(items.map((item) => (item.type === "userMessage" ? item.clientId : null)));
  const outbox = state.outbox.filter((message) => !known.has(message.id));
  return outbox.length === state.outbox.length ? state : { ...state, outbox };
}

export function putBack(state: ViewState, ids: string[]): ViewState {
  const back = state.outbox.filter((message) => ids.includes(message.id));
  if (back.length === 0) return state;
  const texts = [...back.map((message) => message.text), state.prompt.text];
  return {
    ...state,
    outbox: state.outbox.filter((message) => !ids.includes(message.id)),
    prompt: {
      text: texts.filter((text) => text.trim() !== "").join("\n\n"),
      revision: state.prompt.revision + 1,
    },
    chips: merged(back.flatMap((message) => message.chips), state.chips),
  };
}

function merged(back: ContextChip[], chips: ContextChip[]): ContextChip[] {
  const kept = back.map((chip) => ({ ...chip, automatic: false }));
  const byId = new Map([...chips, ...kept].map((chip) => [chip.id, chip]));
  return [...byId.values()];
}
