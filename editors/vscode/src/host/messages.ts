/** Sends what the user says. A message that the server did not take is put back. */

import { randomUUID } from "node:crypto";
import { promptInput } from "../state/promptInput";
import type { ContextChip, ViewState } from "../state/state";
import { ConnectionLost } from "./connection";
import type { Settings } from "./settings";
import type { Store } from "./store";
import type { Supervisor } from "./supervisor";
import type { Threads } from "./threads";

export class Messages {
  /** Messages go one after another: the second must not start a second thread. */
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly server: Supervisor,
    private readonly store: Store,
    private readonly threads: Threads,
    private readonly settings: Settings,
  ) {}

  /** Start a turn with this, or steer the one that runs. */
  submit(text: string, chips: ContextChip[]): Promise<void> {
    const threadId = this.store.state.thread?.id ?? null;
    const message = { id: randomUUID(), threadId, text, chips };
    this.store.dispatch({ type: "sent", message });
    this.last = this.last.then(() => this.send(message.id, text, chips));
    return this.last;
  }

  async interrupt(): Promise<void> {
    const threadId = this.store.state.thread?.id;
    const connection = this.server.connection;
    if (!threadId || !connection) return;
    await connection.request("turn/interrupt", { threadId, turnId: "" });
  }

  private async loadedThread(): Promise<string> {
    const thread = this.store.state.thread;
    if (!thread) return this.threads.start();
    // The server has been started anew, or has forgotten a thread that was idle for long.
    if (thread.status.type === "notLoaded") await this.threads.open(thread.id);
    return thread.id;
  }

  private async send(id: string, text: string, chips: ContextChip[]): Promise<void> {
    // The server may have ended since, and the text is back where it was.
    if (!isOut(this.store.state, id)) return;
    try {
      const threadId = await this.loadedThread();
      await this.server.request("turn/submit", {
        threadId,
        input: promptInput(text, chips),
        clientUserMessageId: id,
        ...this.settings.turnLimits(),
      });
    } catch (error) {
      this.store.dispatch({ type: "putBack", ids: [id] });
      // That the server is gone is said by its state.
      if (!(error instanceof ConnectionLost)) this.store.failed(error);
    }
  }
}

function isOut(state: ViewState, id: string): boolean {
  return state.outbox.some((message) => message.id === id);
}
