/** What outlives the window: which thread was open, and what the user had typed. */

import type * as vscode from "vscode";
import type { Action } from "../state/action";
import type { ContextChip, Outgoing, ViewState } from "../state/state";
import type { Store } from "./store";

const KEY = "codexRpc.open";
/** At most this much of what was typed is lost with the editor. */
const SAVED_EVERY_MS = 200;

interface Remembered {
  threadId: string | null;
  text: string;
  chips: ContextChip[];
  outbox: Outgoing[];
}

export class Memory implements vscode.Disposable {
  /** The thread that was open last; one that could not be opened again stays the last one. */
  private last: string | null;
  private timer: NodeJS.Timeout | null = null;
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly store: Store,
    private readonly memento: vscode.Memento,
  ) {
    const before = memento.get<Remembered>(KEY);
    this.last = before?.threadId ?? null;
    if (before) for (const action of recalled(before)) store.dispatch(action);
    this.subscription = store.subscribe((state, action, previous) => {
      if (action.type === "opened") this.last = state.thread?.id ?? null;
      if (differs(state, previous)) this.soon();
    });
  }

  get threadId(): string | null {
    return this.last;
  }

  dispose(): void {
    this.subscription.dispose();
    if (this.timer) clearTimeout(this.timer);
  }

  async save(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { prompt, chips, outbox } = this.store.state;
    await this.memento.update(KEY, {
      threadId: this.last,
      text: prompt.text,
      chips: chips.filter((chip) => !chip.automatic),
      outbox,
    } satisfies Remembered);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => void this.save(), SAVED_EVERY_MS);
  }
}

function recalled({ text, chips, outbox }: Remembered): Action[] {
  const sent = outbox.map((message): Action => ({ type: "sent", message }));
  return [...sent, { type: "typed", text }, { type: "chips", chips }];
}

function differs(state: ViewState, before: ViewState): boolean {
  return (
    state.thread?.id !== before.thread?.id ||
    state.prompt.text !== before.prompt.text ||
    state.chips !== before.chips ||
    state.outbox !== before.outbox
  );
}
