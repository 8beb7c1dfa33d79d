/** Opens, starts and puts away threads. What is open is in the store. */

import type { Thread, ThreadResumeResponse, ThreadStartResponse, Turn } from "contract";
import type { OpenThread, ShownTurn } from "../state/state";
import { shownTurn } from "../state/threadEvents";
import { bounded } from "../state/boundedOutput";
import { RequestRefused } from "./connection";
import type { Settings } from "./settings";
import type { Store } from "./store";
import type { Supervisor } from "./supervisor";

/** Turns that are shown at first, and with each wish for earlier ones. */
const PAGE = 20;

export class Threads {
  /** Counts openings, so that an answer that comes after the next one is dropped. */
  private openings = 0;

  constructor(
    private readonly server: Supervisor,
    private readonly store: Store,
    private readonly settings: Settings,
  ) {}

  /** Show no thread; the next message starts one. */
  close(): void {
    this.openings += 1;
    this.leave();
    this.store.dispatch({ type: "opened", thread: null });
  }

  async start(): Promise<string> {
    const started = await this.server.request("thread/start", {
      cwd: this.settings.folder,
      ...this.settings.threadLimits(),
    });
    this.openings += 1;
    this.leave();
    this.store.dispatch({ type: "opened", thread: opened(started, [], null) });
    return started.thread.id;
  }

  async open(threadId: string): Promise<void> {
    const opening = ++this.openings;
    this.store.dispatch({ type: "opening", opening: true });
    try {
      const thread = await this.fetch(threadId);
      if (opening !== this.openings) return;
      if (this.store.state.thread?.id !== threadId) this.leave();
      this.store.dispatch({ type: "opened", thread });
    } finally {
      if (opening === this.openings) this.store.dispatch({ type: "opening", opening: false });
    }
  }

  async fork(threadId: string): Promise<void> {
    const forked = await this.server.request("thread/fork", {
      threadId,
      excludeTurns: true,
      ...this.settings.threadLimits(),
    });
    await this.open(forked.thread.id);
  }

  async rename(threadId: string, name: string): Promise<void> {
    await this.server.request("thread/name/set", { threadId, name });
  }

  async archive(threadId: string): Promise<void> {
    await this.server.request("thread/archive", { threadId });
    if (this.store.state.thread?.id === threadId) this.close();
  }

  async unarchive(threadId: string): Promise<void> {
    await this.server.request("thread/unarchive", { threadId });
  }

  async showOlder(): Promise<void> {
    const thread = this.store.state.thread;
    if (!thread?.older) return;
    const page = await this.server.request("thread/turns/list", {
      threadId: thread.id,
      cursor: thread.older,
      limit: PAGE,
      itemsView: "full",
    });
    this.store.dispatch({
      type: "older",
      threadId: thread.id,
      turns: oldestFirst(page.data),
      cursor: page.nextCursor,
    });
  }

  private async fetch(threadId: string): Promise<OpenThread> {
    try {
      const resumed = await this.server.request("thread/resume", {
        threadId,
        excludeTurns: true,
        initialTurnsPage: { limit: PAGE, itemsView: "full" },
        ...this.settings.threadLimits(),
      });
      return opened(resumed, turnsOf(resumed), resumed.initialTurnsPage?.nextCursor ?? null);
    } catch (error) {
      if (!(error instanceof RequestRefused) || error.kind !== "threadBusy") throw error;
      return this.readBusy(threadId);
    }
  }

  private async readBusy(threadId: string): Promise<OpenThread> {
    const { thread } = await this.server.request("thread/read", { threadId });
    const page = await this.server.request("thread/turns/list", {
      threadId,
      limit: PAGE,
      itemsView: "full",
    });
    const turns = oldestFirst(page.data);
    return { ...shown(thread), turns, older: page.nextCursor, readOnly: true };
  }

  /** Hear no more of the open thread, unless it works: then it may have something to ask. */
  private leave(): void {
    const thread = this.store.state.thread;
    if (!thread || thread.status.type === "active" || thread.readOnly) return;
    const request = this.server.connection?.request("thread/unsubscribe", { threadId: thread.id });
    // It is only a courtesy.
    request?.catch(() => undefined);
  }
}

function opened(
  answer: ThreadStartResponse | ThreadResumeResponse,
  turns: ShownTurn[],
  older: string | null,
): OpenThread {
  return {
    ...shown(answer.thread),
    turns,
    older,
    cwd: answer.cwd,
    settings: {
      model: answer.model,
      effort: answer.reasoningEffort,
      approvalPolicy: answer.approvalPolicy,
      sandbox: answer.sandbox,
      enforcement: answer.sandboxEnforcement,
    },
  };
}

function shown({ id, name, preview, cwd, status }: Thread): OpenThread {
  const thread = { id, name, preview, cwd, status, settings: null, usage: null };
  return { ...thread, turns: [], older: null, readOnly: false };
}

function turnsOf(resumed: ThreadResumeResponse): ShownTurn[] {
  if (resumed.initialTurnsPage) return oldestFirst(resumed.initialTurnsPage.data);
  return resumed.thread.turns.map(shownTurn);
}

function oldestFirst(newestFirst: Turn[]): ShownTurn[] {
  return newestFirst.map((turn) => bound(shownTurn(turn))).reverse();
}

function bound(turn: ShownTurn): ShownTurn {
  const items = turn.items.map((item) =>
    item.type === "commandExecution" && item.aggregatedOutput !== null
      ? { ...item, aggregatedOutput: bounded(item.aggregatedOutput) }
      : item,
  );
  return { ...turn, items };
}
