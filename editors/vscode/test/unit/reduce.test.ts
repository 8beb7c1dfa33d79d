import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerNotification, ThreadItem } from "contract";
import type { Action } from "../../src/state/action";
import { activityOf } from "../../src/state/activity";
import { reduce } from "../../src/state/reduce";
import { type ContextChip, INITIAL, type OpenThread, type Outgoing, type ViewState } from "../../src/state/state";

const THREAD: OpenThread = {
  id: "t", name: null, preview: "", cwd: "/", status: { type: "idle" }, settings: null,
  turns: [], older: null, usage: null, readOnly: false,
};
const TURN = {
  id: "u", items: [], itemsView: "full" as const, status: "inProgress" as const, error: null,
  startedAt: 1, completedAt: null, durationMs: null, rootTurnId: null,
};

function after(state: ViewState, ...actions: Action[]): ViewState {
  return actions.reduce(reduce, state);
}

function opened(): ViewState {
  return after(INITIAL, { type: "phase", phase: "ready", detail: null }, { type: "opened", thread: THREAD });
}

function heard<M extends ServerNotification["method"]>(
  method: M,
  params: Partial<Extract<ServerNotification, { method: M }>["params"]>,
): Action {
  const message = { method, params: { threadId: "t", turnId: "u", ...params } };
  return { type: "heard", message: message as unknown as ServerNotification };
}

function item(id: string, type: string, more: object): ThreadItem {
  return { id, startedAtMs: 1, completedAtMs: null, type, ...more } as ThreadItem;
}

function message(id: string, text: string, chips: ContextChip[] = []): Outgoing {
  return { id, threadId: "t", text, chips };
}

function running(...actions: Action[]): ViewState {
  return after(opened(), heard("turn/started", { turn: TURN }), ...actions);
}

test("pieces of a message grow its text until the completed item takes their place", () => {
  const empty = item("m", "agentMessage", { text: "", phase: null });
  let state = running(
    heard("item/started", { item: empty }),
    heard("item/agentMessage/delta", { itemId: "m", delta: "Hel" }),
    heard("item/agentMessage/delta", { itemId: "m", delta: "lo" }),
  );
  const texts = (): unknown => state.thread?.turns[0]?.items.map((each) => "text" in each && each.text);
  assert.deepEqual(texts(), ["Hello"]);
  state = after(state, heard("item/completed", { item: { ...empty, text: "Hello!" } as ThreadItem }));
  assert.deepEqual(texts(), ["Hello!"]);
});

test("sections of reasoning grow apart", () => {
  const state = running(
    heard("item/started", { item: item("r", "reasoning", { summary: [], content: [] }) }),
    heard("item/reasoning/summaryTextDelta", { itemId: "r", summaryIndex: 0, delta: "One" }),
    heard("item/reasoning/summaryPartAdded", { itemId: "r", summaryIndex: 1 }),
    heard("item/reasoning/summaryTextDelta", { itemId: "r", summaryIndex: 1, delta: "Two" }),
    heard("item/reasoning/textDelta", { itemId: "r", contentIndex: 0, delta: "raw" }),
  );
  const [reasoning] = state.thread?.turns[0]?.items ?? [];
  assert.deepEqual(reasoning, item("r", "reasoning", { summary: ["One", "Two"], content: ["raw"] }));
});

test("a command's output keeps its beginning and its end, and says how much is missing", () => {
  const command = item("c", "commandExecution", { aggregatedOutput: null });
  const pieces = Array.from({ length: 300 }, (_, n) => `${String(n).padStart(999, ".")}\n`);
  const deltas = pieces.map((delta) => heard("item/commandExecution/outputDelta", { itemId: "c", delta }));
  const state = running(heard("item/started", { item: command }), ...deltas);
  const [shown] = state.thread?.turns[0]?.items ?? [];
  assert.ok(shown?.type === "commandExecution" && shown.aggregatedOutput !== null);
  const output = shown.aggregatedOutput;
  assert.ok(output.length < 90_000, `${output.length} characters`);
  assert.ok(output.startsWith(pieces[0] ?? "?") && output.endsWith(pieces[299] ?? "?"));
  const [gap, count] = /\n\[… (\d+) characters left out …\]\n/.exec(output) ?? ["", "0"];
  assert.equal(output.length - gap.length + Number(count), 300_000);
});

test("what other threads say changes nothing", () => {
  const state = running();
  assert.equal(after(state, heard("turn/completed", { threadId: "other", turn: TURN })), state);
});

test("a turn that is unknown is not made up", () => {
  const state = opened();
  const delta = heard("item/agentMessage/delta", { itemId: "m", delta: "?" });
  assert.equal(after(state, delta), state);
});

test("a message is on its way until its item comes", () => {
  const sent = after(opened(), { type: "typed", text: "Go" }, { type: "sent", message: message("1", "Go") });
  assert.deepEqual([sent.prompt.text, sent.outbox.length], ["", 1]);
  const user = item("i", "userMessage", { content: [{ type: "text", text: "Go" }], clientId: "1" });
  const taken = after(sent, heard("turn/started", { turn: TURN }), heard("item/completed", { item: user }));
  assert.deepEqual(taken.outbox, []);
  assert.equal(taken.thread?.preview, "Go");
});

test("what was typed after sending stays in the prompt", () => {
  const state = after(opened(), { type: "typed", text: "Go on" }, { type: "sent", message: message("1", "Go") });
  assert.equal(state.prompt.text, " on");
});

test("a server that ends puts unrecorded messages back, before what was typed since", () => {
  const chip: ContextChip = {
    id: "c", path: "a.py", label: "a.py", lines: null, text: null, language: "", automatic: true,
  };
  const state = running(
    { type: "sent", message: message("1", "First", [chip]) },
    { type: "typed", text: "second" },
    { type: "lost" },
  );
  assert.equal(state.prompt.text, "First\n\nsecond");
  assert.deepEqual([state.outbox, state.questions], [[], []]);
  assert.deepEqual(state.chips, [{ ...chip, automatic: false }]);
  assert.deepEqual(state.thread?.turns.map((turn) => turn.status), ["interrupted"]);
});

test("a thread that is opened again recognises the messages that had reached it", () => {
  const user = item("i", "userMessage", { content: [], clientId: "1" });
  const turn = { ...TURN, items: [user], plan: null, diff: "", retrying: null, progress: {} };
  const thread = { ...THREAD, turns: [turn] };
  const sent = after(INITIAL, ...["1", "2"].map((id): Action => ({ type: "sent", message: message(id, id) })));
  const state = after(sent, { type: "opened", thread }, { type: "putBack", ids: ["1", "2"] });
  assert.equal(state.prompt.text, "2");
});

test("an error that is tried again is shown until something comes", () => {
  const error = { message: "Reconnecting", codexErrorInfo: null, additionalDetails: null };
  const trying = running(heard("error", { error, willRetry: true }));
  assert.equal(trying.thread?.turns[0]?.retrying, "Reconnecting");
  const going = after(trying, heard("item/started", { item: item("m", "agentMessage", { text: "" }) }));
  assert.equal(going.thread?.turns[0]?.retrying, null);
});

test("limits that nothing was said about stay", () => {
  const window = { usedPercent: 5, windowDurationMins: 300, resetsAt: null };
  const limits = {
    limitId: null, limitName: null, primary: window, secondary: window, credits: null, individualLimit: null,
    planType: null, rateLimitReachedType: null, spendControlReached: null, normalModelSlug: null,
  };
  const later = { ...limits, primary: { ...window, usedPercent: 9 }, secondary: null };
  const state = after(opened(), { type: "rateLimits", limits }, heard("account/rateLimits/updated", { rateLimits: later }));
  assert.deepEqual([state.rateLimits?.primary?.usedPercent, state.rateLimits?.secondary], [9, window]);
});

test("what is going on, in a word", () => {
  const idle = opened();
  const works = running(heard("thread/status/changed", { status: { type: "active", activeFlags: [] } }));
  const failed = running(heard("turn/completed", { turn: { ...TURN, status: "failed" } }));
  const down = after(works, { type: "phase", phase: "waiting", detail: null });
  const words = [INITIAL, idle, works, failed, down].map(activityOf);
  assert.deepEqual(words, ["none", "idle", "working", "failed", "offline"]);
});
