/** Applies an action to the state. What does not change stays the same object. */

import type { RateLimitSnapshot } from "contract";
import type { Action } from "./action";
import { putBack, recorded, send } from "./outbox";
import type { Notice, OpenThread, ViewState } from "./state";
import { hear, interrupted } from "./threadEvents";

const MOST_NOTICES = 5;

export function reduce(state: ViewState, action: Action): ViewState {
  switch (action.type) {
    case "heard":
      return heard(state, action);
    case "phase":
      return { ...state, server: { phase: action.phase, detail: action.detail } };
    case "lost":
      return lost(state);
    case "opening":
      return { ...state, opening: action.opening };
    case "opened":
      return opened(state, action.thread);
    case "older":
      return older(state, action);
    case "asked":
      return { ...state, questions: [...without(state.questions, action.question.key), action.question] };
    case "settled":
      return { ...state, questions: without(state.questions, action.key) };
    case "typed":
      return { ...state, prompt: { ...state.prompt, text: action.text } };
    case "sent":
      return send(state, action.message);
    case "putBack":
      return putBack(state, action.ids);
    case "chips":
      return { ...state, chips: action.chips };
    case "notice":
      return noticed(state, action.notice);
    case "dismissed":
      return { ...state, notices: state.notices.filter((each) => each.id !== action.id) };
    case "trusted":
      return { ...state, trusted: action.trusted };
    case "rateLimits":
      return { ...state, rateLimits: action.limits };
  }
}

function heard(state: ViewState, { message }: Extract<Action, { type: "heard" }>): ViewState {
  if (message.method === "account/rateLimits/updated") {
    return { ...state, rateLimits: updated(state.rateLimits, message.params.rateLimits) };
  }
  if (!state.thread) return state;
  const thread = hear(state.thread, message);
  if (thread === state.thread) return state;
  const next = { ...state, thread };
  const told = message.method === "item/started" || message.method === "item/completed";
  return told ? recorded(next, [message.params.item]) : next;
}

/** Parts that nothing was said about stay as they were. */
function updated(known: RateLimitSnapshot | null, told: RateLimitSnapshot): RateLimitSnapshot {
  const said = Object.entries(told).filter(([, value]) => value !== null);
  return { ...(known ?? told), ...Object.fromEntries(said) };
}

function opened(state: ViewState, thread: OpenThread | null): ViewState {
  const next = { ...state, thread, opening: false };
  return thread ? recorded(next, thread.turns.flatMap((turn) => turn.items)) : next;
}

function lost(state: ViewState): ViewState {
  const thread = state.thread && interrupted(state.thread);
  return putBack({ ...state, thread, questions: [] }, state.outbox.map((message) => message.id));
}

function older(state: ViewState, action: Extract<Action, { type: "older" }>): ViewState {
  if (state.thread?.id !== action.threadId) return state;
  const turns = [...action.turns, ...state.thread.turns];
  return { ...state, thread: { ...state.thread, turns, older: action.cursor } };
}

function noticed(state: ViewState, notice: Notice): ViewState {
  const others = state.notices.filter((each) => each.text !== notice.text);
  return { ...state, notices: [...others, notice].slice(-MOST_NOTICES) };
}

function without<T extends { key: string }>(questions: T[], key: string): T[] {
  return questions.filter((each) => each.key !== key);
}
