/** The list of threads, newest first, a page at a time. */

import * as vscode from "vscode";
import type { ServerNotification, Thread, ThreadSourceKind } from "contract";
import type { Store } from "./store";
import type { Supervisor } from "./supervisor";

const PAGE = 30;
const QUIET_MS = 400;

/** All but agents, which are reached through the thread that started them. */
export const SOURCES: ThreadSourceKind[] = ["cli", "vscode", "exec", "appServer", "unknown"];

type Node = { thread: Thread } | { more: true };

export class ThreadList implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private threads: Thread[] = [];
  private cursor: string | null = null;
  private archived = false;
  private stale = true;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly server: Supervisor,
    private readonly store: Store,
  ) {}

  getTreeItem(node: Node): vscode.TreeItem {
    return "thread" in node ? this.row(node.thread) : moreRow();
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) return [];
    if (this.stale) await this.load();
    const rows: Node[] = this.threads.map((thread) => ({ thread }));
    return this.cursor === null ? rows : [...rows, { more: true }];
  }

  refresh(): void {
    this.stale = true;
    this.changed.fire(undefined);
  }

  async showMore(): Promise<void> {
    if (this.cursor === null) return;
    await this.load(this.cursor);
    this.changed.fire(undefined);
  }

  show(archived: boolean): void {
    this.archived = archived;
    void vscode.commands.executeCommand("setContext", "codexRpc.archivedShown", archived);
    this.refresh();
  }

  hear({ method }: ServerNotification): void {
    const tells = /^thread\/(started|archived|unarchived|deleted|name\/updated|status\/changed)$/;
    if (!tells.test(method)) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), QUIET_MS);
  }

  dispose(): void {
    this.changed.dispose();
    if (this.timer) clearTimeout(this.timer);
  }

  private async load(cursor: string | null = null): Promise<void> {
    this.stale = false;
    try {
      const page = await this.server.request("thread/list", {
        cursor,
        limit: PAGE,
        sortKey: "updated_at",
        archived: this.archived,
        sourceKinds: SOURCES,
      });
      this.threads = cursor === null ? page.data : [...this.threads, ...page.data];
      this.cursor = page.nextCursor;
    } catch {
      // The conversation says what is wrong with the server; once that is well, it is asked again.
      this.stale = true;
    }
  }

  private row(thread: Thread): vscode.TreeItem {
    const item = new vscode.TreeItem(titleOf(thread));
    item.id = thread.id;
    item.description = ago(thread.updatedAt);
    item.tooltip = `${titleOf(thread)}\n${thread.cwd}\n${new Date(thread.updatedAt * 1000).toLocaleString()}`;
    item.contextValue = this.archived ? "archived" : "thread";
    item.iconPath = new vscode.ThemeIcon(this.icon(thread));
    if (!this.archived) {
      item.command = { command: "codexRpc.openThread", title: "Open", arguments: [thread.id] };
    }
    return item;
  }

  private icon(thread: Thread): string {
    if (thread.status.type === "active") return "sync";
    if (thread.id === this.store.state.thread?.id) return "comment-discussion";
    return this.archived ? "archive" : "comment";
  }
}

export function titleOf(thread: Pick<Thread, "name" | "preview">): string {
  const [line] = thread.preview.trim().split("\n");
  return thread.name ?? (line ? line.slice(0, 120) : "New thread");
}

/** How long ago that was, in the largest unit that fits. */
export function ago(unixSeconds: number, now = Date.now()): string {
  const minutes = Math.max(0, Math.floor((now / 1000 - unixSeconds) / 60));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 60 * 24) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 60 / 24)} d`;
}

function moreRow(): vscode.TreeItem {
  const item = new vscode.TreeItem("Show more…");
  item.command = { command: "codexRpc.moreThreads", title: "Show more" };
  return item;
}
