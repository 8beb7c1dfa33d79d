/** The client with the real server; skipped where there is none. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { ServerNotification, ServerRequest } from "contract";
import type { Patience } from "../../src/host/supervisor";
import { Supervisor } from "../../src/host/supervisor";
import { Messages } from "../../src/host/messages";
import { Questions } from "../../src/host/questions";
import type { Settings } from "../../src/host/settings";
import { Store } from "../../src/host/store";
import { Threads } from "../../src/host/threads";
import { activityOf } from "../../src/state/activity";
import type { ViewState } from "../../src/state/state";
import { Place, runs, says, saysSlowly, serverProgram, type Step } from "../support/place";

const program = serverProgram();
const skip = program ? false : "there is no codex-rpc";
const PATIENCE_MS = 20_000;
const QUICK: Patience = { firstWaitMs: 10, longestWaitMs: 50, settledMs: 60_000, attempts: 2 };

/** The parts of the host that need no editor, put together as the extension does it. */
class Host {
  readonly place: Place;
  readonly store = new Store();
  readonly logged: string[] = [];
  readonly server: Supervisor;
  readonly threads: Threads;
  readonly messages: Messages;
  readonly questions: Questions;

  constructor(...steps: Step[]) {
    this.place = new Place(...steps);
    const place = this.place;
    const settings = {
      folder: place.project,
      threadLimits: () => ({ sandbox: "danger-full-access", approvalPolicy: "untrusted" }),
      turnLimits: () => ({}),
    } as unknown as Settings;
    const client = { name: "tests", title: "Tests", version: "1" };
    this.server = new Supervisor(() => place.command(program ?? ""), client, this.events(), QUICK);
    this.threads = new Threads(this.server, this.store, settings);
    this.messages = new Messages(this.server, this.store, this.threads, settings);
    this.questions = new Questions(this.server, this.store, () => undefined);
    this.store.subscribe((state, action) => {
      if (action.type === "opened") this.questions.switchTo(state.thread?.id ?? null);
    });
    hosts.push(this);
  }

  private events() {
    return {
      onPhase: (phase: ViewState["server"]["phase"], detail: string | null): void => {
        if (phase === "waiting" || phase === "failed") this.store.dispatch({ type: "lost" });
        this.store.dispatch({ type: "phase", phase, detail });
      },
      onNotification: (message: ServerNotification): void => {
        this.questions.hear(message);
        this.store.dispatch({ type: "heard", message });
      },
      onRequest: (message: ServerRequest): void => this.questions.ask(message),
      onLog: (line: string): void => void this.logged.push(line),
    };
  }

  get state(): ViewState {
    return this.store.state;
  }

  /** Wait until the state is such. */
  async until(isSo: (state: ViewState) => boolean): Promise<void> {
    if (isSo(this.state)) return;
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`never came: ${JSON.stringify(this.state, null, 1)}\n${this.logged.join("\n")}`)),
        PATIENCE_MS,
      );
      const { dispose } = this.store.subscribe((state) => {
        if (!isSo(state)) return;
        clearTimeout(timer);
        dispose();
        done();
      });
    });
  }

  async turn(text: string): Promise<void> {
    await this.messages.submit(text, []);
    await this.until(isIdle);
  }

  /** The items of the last turn, each with what it says. */
  said(): [string, string][] {
    return (this.state.thread?.turns.at(-1)?.items ?? []).map((item) => [
      item.type,
      "text" in item ? item.text : item.type === "commandExecution" ? (item.aggregatedOutput ?? "") : "",
    ]);
  }
}

const hosts: Host[] = [];

function isIdle(state: ViewState): boolean {
  return state.outbox.length === 0 && ["idle", "failed"].includes(activityOf(state));
}

describe("the client with the real server", { skip }, () => {
  after(async () => {
    for (const host of hosts) {
      await host.server.stop();
      host.place.remove();
    }
  });

  test("the first message starts a thread and is answered", async () => {
    const host = new Host({ output: [saysSlowly("Hello there", 1)], usage: { inputTokens: 10, outputTokens: 2 } });
    await host.turn("Hi");
    assert.deepEqual(host.said(), [["userMessage", ""], ["agentMessage", "Hello there"]]);
    assert.equal(host.state.thread?.preview, "Hi");
    assert.equal(host.state.thread?.usage?.total.totalTokens, 12);
  });

  test("a command waits for its answer, and the question goes with it", async () => {
    const host = new Host({ output: [runs("echo done > file; cat file")] }, { output: [says("There it is.")] });
    await host.messages.submit("Go", []);
    await host.until((state) => state.questions.length === 1);
    const [question] = host.state.questions;
    assert.equal(question?.method, "item/commandExecution/requestApproval");
    assert.equal(activityOf(host.state), "waiting");
    host.questions.answer(question?.key ?? "", { decision: "accept" });
    await host.until(isIdle);
    assert.deepEqual(host.said(), [["userMessage", ""], ["commandExecution", "done\n"], ["agentMessage", "There it is."]]);
    assert.deepEqual(host.state.questions, []);
  });

  test("a message during a turn steers it, and an interrupt ends it", async () => {
    const host = new Host({ output: [saysSlowly("word ".repeat(2000), 20)] }, { output: [says("Another way.")] });
    await host.messages.submit("Talk", []);
    await host.until((state) => state.thread?.turns[0]?.items.length === 2);
    await host.messages.submit("Be brief", []);
    await host.messages.interrupt();
    await host.until((state) => state.thread?.turns[0]?.status === "interrupted");
    await host.until(isIdle);
    assert.deepEqual(host.state.outbox, []);
  });

  test("a thread is opened again with its items, as they were", async () => {
    const host = new Host({ output: [says("One")] }, { output: [says("Two")] });
    await host.turn("First");
    await host.turn("Second");
    const before = host.state.thread;
    host.threads.close();
    assert.equal(activityOf(host.state), "none");
    await host.threads.open(before?.id ?? "");
    const kept = (turns: NonNullable<ViewState["thread"]>["turns"] | undefined) =>
      turns?.map(({ id, items, status }) => ({ id, items, status }));
    assert.deepEqual(kept(host.state.thread?.turns), kept(before?.turns));
    await host.until((state) => state.thread?.usage !== null);
    assert.deepEqual(host.state.thread?.usage, before?.usage);
  });

  test("a fork is another thread with the same past", async () => {
    const host = new Host({ output: [says("One")] });
    await host.turn("First");
    const before = host.state.thread?.id;
    await host.threads.fork(before ?? "");
    assert.notEqual(host.state.thread?.id, before);
    assert.deepEqual(host.said().map(([type]) => type), ["userMessage", "agentMessage"]);
  });

  test("a refused message goes back to the prompt, with the reason", async () => {
    const host = new Host({ output: [says("One")] });
    await host.turn("First");
    await host.server.request("thread/archive", { threadId: host.state.thread?.id ?? "" });
    await host.messages.submit("Second", []);
    assert.equal(host.state.prompt.text, "Second");
    assert.deepEqual(host.state.notices.map((notice) => notice.severity), ["error"]);
  });

  test("a killed server puts the message back, comes back and goes on", async () => {
    const host = new Host({ output: [says("One")] }, { output: [{ type: "stall" }] });
    await host.turn("First");
    const id = host.server.pid ?? 0;
    process.kill(id, "SIGSTOP");
    const sent = host.messages.submit("Second", []);
    process.kill(id, "SIGKILL");
    await sent;
    assert.equal(host.state.prompt.text, "Second");
    await host.until((state) => state.server.phase !== "ready");
    await host.until((state) => state.server.phase === "ready");
    assert.notEqual(host.server.pid, id);
    await host.turn("Third");
    assert.deepEqual(host.said().at(-1), ["agentMessage", "One"]);
  });

  test("a server that cannot start says why, and is given up after a while", async () => {
    const host = new Host();
    host.place.command = (path) => ({
      program: path,
      arguments: ["--no-such-option"],
      environment: process.env,
      folder: host.place.project,
    });
    await assert.rejects(host.server.ready());
    await host.until((state) => state.server.phase === "failed");
    assert.match(host.state.server.detail ?? "", /exit code 2: .*no-such-option/);
  });

  test("a stopped server leaves no process", async () => {
    const host = new Host({ output: [says("One")] });
    await host.turn("First");
    const id = host.server.pid ?? 0;
    await host.server.stop();
    assert.throws(() => process.kill(id, 0));
  });
});
