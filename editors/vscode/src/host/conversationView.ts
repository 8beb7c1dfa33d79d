/** The conversation view: hands actions to the page, and what the user does there to the host. */

import * as vscode from "vscode";
import type { Action } from "../state/action";
import type { Intent, ToHost, ToView } from "../state/messages";
import type { Store } from "./store";
import { viewPage } from "./viewPage";

export const VIEW_ID = "codexRpc.conversation";

/** Actions are gathered for a frame, so that a fast stream does not cost a message a word. */
const FRAME_MS = 16;

export class ConversationView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | null = null;
  /** The page has the state; until then actions need not be sent. */
  private isReady = false;
  private focusWanted = false;
  private queue: Action[] = [];
  private timer: NodeJS.Timeout | null = null;
  private readonly subscription: vscode.Disposable;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly store: Store,
    private readonly onIntent: (intent: Intent) => void,
    private readonly onHidden: () => void,
  ) {
    this.subscription = store.subscribe((_, action) => this.enqueue(action));
  }

  get isVisible(): boolean {
    return this.view?.visible ?? false;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    this.isReady = false;
    view.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.extension, "dist")],
    };
    view.webview.onDidReceiveMessage((message: ToHost) => this.receive(message));
    view.onDidChangeVisibility(() => {
      if (!view.visible) this.onHidden();
    });
    view.onDidDispose(() => {
      if (this.view === view) this.view = null;
      this.isReady = false;
    });
    view.webview.html = viewPage(view.webview, this.extension);
  }

  async focus(): Promise<void> {
    this.focusWanted = true;
    await vscode.commands.executeCommand(`${VIEW_ID}.focus`);
    if (this.isReady) this.giveFocus();
  }

  badge(count: number): void {
    if (!this.view) return;
    const tooltip = count === 1 ? "1 question" : `${count} questions`;
    // Zero takes the badge away; `undefined` leaves it where it is, at least in 1.100.
    this.view.badge = { value: count, tooltip: count > 0 ? tooltip : "" };
  }

  title(text: string): void {
    if (this.view) this.view.description = text;
  }

  dispose(): void {
    this.subscription.dispose();
    if (this.timer) clearTimeout(this.timer);
  }

  private receive(message: ToHost): void {
    if (message.type === "ready") {
      // Only a host that knows of no draft takes the page's: it was started anew since.
      if (message.draft !== "" && this.store.state.prompt.text === "") {
        this.store.dispatch({ type: "typed", text: message.draft });
      }
      this.queue = [];
      this.isReady = true;
      this.post({ type: "state", state: this.store.state });
      if (this.focusWanted) this.giveFocus();
    } else {
      this.onIntent(message);
    }
  }

  private giveFocus(): void {
    this.focusWanted = false;
    this.post({ type: "focusPrompt" });
  }

  private enqueue(action: Action): void {
    // What the user types comes from the page.
    if (!this.isReady || action.type === "typed") return;
    this.queue.push(action);
    this.timer ??= setTimeout(() => this.flush(), FRAME_MS);
  }

  private flush(): void {
    this.timer = null;
    const actions = this.queue.splice(0);
    if (actions.length > 0 && this.isReady) this.post({ type: "actions", actions });
  }

  private post(message: ToView): void {
    void this.view?.webview.postMessage(message);
  }
}
