/** All parts of the extension, and which of them hears of what. */

import * as vscode from "vscode";
import type { ServerNotification } from "contract";
import { activityOf, wordsOf } from "../state/activity";
import type { Question, ServerPhase } from "../state/state";
import { askOutside } from "./askOutside";
import { ConversationView, VIEW_ID } from "./conversationView";
import { Diffs, SCHEME } from "./diffs";
import { type Actions, registerCommands } from "./commands";
import { ProblemActions } from "./editorCommands";
import { EditorContext } from "./editorContext";
import { Intents } from "./intents";
import { Memory } from "./memory";
import { Messages } from "./messages";
import { Questions } from "./questions";
import { Settings } from "./settings";
import { StatusBar } from "./statusBar";
import { Store } from "./store";
import { Supervisor } from "./supervisor";
import { ThreadList, titleOf } from "./threadList";
import { Threads } from "./threads";

const REOPENINGS = 4;
const REOPEN_MS = 1500;

export class Client implements vscode.Disposable {
  readonly store = new Store();
  readonly settings = new Settings();
  private readonly log = vscode.window.createOutputChannel("Codex RPC", { log: true });
  private readonly server: Supervisor;
  readonly threads: Threads;
  readonly messages: Messages;
  readonly questions: Questions;
  private readonly list: ThreadList;
  private readonly view: ConversationView;
  readonly context: EditorContext;
  private readonly memory: Memory;
  readonly diffs = new Diffs();
  private readonly statusBar = new StatusBar();
  /** Questions that a notification has asked. */
  private readonly notified = new WeakSet<Question>();
  private readonly disposables: vscode.Disposable;

  constructor({ extension, extensionUri, workspaceState }: vscode.ExtensionContext) {
    const { version } = extension.packageJSON as { version: string };
    this.server = new Supervisor(
      () => this.settings.serverCommand(),
      { name: "codex_rpc_vscode", title: "Codex RPC for VS Code", version },
      {
        onPhase: (phase, detail) => this.onPhase(phase, detail),
        onNotification: (message) => this.hear(message),
        onRequest: (message) => this.questions.ask(message),
        onLog: (line) => this.log.info(line),
      },
    );
    this.threads = new Threads(this.server, this.store, this.settings);
    this.messages = new Messages(this.server, this.store, this.threads, this.settings);
    this.questions = new Questions(this.server, this.store, (question, isShown) =>
      this.onAsked(question, isShown),
    );
    this.list = new ThreadList(this.server, this.store);
    this.view = new ConversationView(
      extensionUri,
      this.store,
      (intent) => intents.receive(intent),
      () => this.onHidden(),
    );
    this.memory = new Memory(this.store, workspaceState);
    this.context = new EditorContext(this.store, this.settings);
    const intents = new Intents(this);
    this.disposables = vscode.Disposable.from(
      ...this.registrations(),
      ...registerCommands(this.actions()),
      this.store.subscribe((_, action) => this.onChange(action.type)),
      this.store.subscribe(({ questions }) => void this.diffs.closeDecided(questions)),
      this.context,
      this.memory,
      this.view,
      this.list,
      this.statusBar,
      this.log,
    );
    this.store.dispatch({ type: "trusted", trusted: vscode.workspace.isTrusted });
    this.onChange("trusted");
    void this.diffs.closeForgotten();
    void this.begin();
  }

  async stop(): Promise<void> {
    await this.memory.save();
    await this.server.stop();
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private registrations(): vscode.Disposable[] {
    return [
      vscode.window.registerWebviewViewProvider(VIEW_ID, this.view, {
        // Half-filled forms and the place one has scrolled to outlive a look at another view.
        webviewOptions: { retainContextWhenHidden: true },
      }),
      vscode.window.registerTreeDataProvider("codexRpc.threads", this.list),
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this.diffs),
      vscode.languages.registerCodeActionsProvider({ scheme: "file" }, new ProblemActions(), {
        providedCodeActionKinds: ProblemActions.kinds,
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        const isOther = ["serverPath", "serverArguments", "serverEnvironment"].some((name) =>
          change.affectsConfiguration(`codexRpc.${name}`),
        );
        // How a start fails is told by the phase.
        if (isOther) this.server.restart().catch(() => undefined);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() =>
        this.store.dispatch({ type: "trusted", trusted: true }),
      ),
    ];
  }

  private actions(): Actions {
    return {
      server: this.server,
      store: this.store,
      threads: this.threads,
      messages: this.messages,
      list: this.list,
      wishes: {
        submit: (text, chips) => this.messages.submit(text, chips),
        add: (chip) => this.context.add(chip),
        focus: () => this.view.focus(),
      },
      open: (threadId) => this.open(threadId),
      showOutput: () => this.log.show(),
    };
  }

  /** Go on where the window left off. */
  private async begin(): Promise<void> {
    const threadId = this.memory.threadId;
    try {
      if (threadId === null) await this.server.ready();
      else await this.reopen(threadId);
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
    }
    // What is not among the thread's messages by now has not reached it.
    const ids = this.store.state.outbox.map((message) => message.id);
    this.store.dispatch({ type: "putBack", ids });
  }

  /** The server of the window before may take a moment to let go of the thread. */
  private async reopen(threadId: string): Promise<void> {
    for (let attempt = 0; attempt < REOPENINGS; attempt += 1) {
      await this.open(threadId);
      const { thread } = this.store.state;
      if (thread?.id !== threadId || !thread.readOnly) return;
      await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
    }
  }

  private async open(threadId: string): Promise<void> {
    try {
      await this.threads.open(threadId);
    } catch (error) {
      this.store.failed(error);
    }
  }

  private onPhase(phase: ServerPhase, detail: string | null): void {
    if (phase !== "starting" && phase !== "ready") {
      this.questions.clear();
      this.store.dispatch({ type: "lost" });
    }
    const comesBack = phase === "ready" && this.store.state.server.phase !== "ready";
    this.store.dispatch({ type: "phase", phase, detail });
    if (!comesBack) return;
    this.list.refresh();
    void this.server
      .request("account/rateLimits/read", {})
      .then(({ rateLimits }) => this.store.dispatch({ type: "rateLimits", limits: rateLimits }))
      // Only some accounts have limits.
      .catch(() => undefined);
    const thread = this.store.state.thread;
    if (thread?.status.type === "notLoaded" && !this.store.state.opening) void this.open(thread.id);
  }

  private hear(message: ServerNotification): void {
    this.questions.hear(message);
    this.list.hear(message);
    if (message.method === "warning" || message.method === "configWarning") {
      const text = "message" in message.params ? message.params.message : message.params.summary;
      this.log.warn(text);
      this.store.notice("warning", text);
    }
    this.store.dispatch({ type: "heard", message });
  }

  private onAsked(question: Question, isShown: boolean): void {
    if (isShown && this.view.isVisible) return;
    this.notified.add(question);
    const show = async (): Promise<void> => {
      if (!isShown) await this.open(question.params.threadId);
      await this.view.focus();
    };
    void askOutside(question, this.questions, show);
  }

  /** What nobody has answered yet would be out of sight. */
  private onHidden(): void {
    const unseen = this.store.state.questions.filter((question) => !this.notified.has(question));
    for (const question of unseen) this.onAsked(question, true);
  }

  private onChange(what: string): void {
    const { state } = this.store;
    if (what === "opened") {
      this.questions.switchTo(state.thread?.id ?? null);
      this.list.refresh();
    }
    this.statusBar.update(state);
    this.view.badge(state.questions.length);
    this.view.title(state.thread ? titleOf(state.thread) : wordsOf(activityOf(state)));
  }
}
