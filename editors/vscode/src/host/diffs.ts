/** Shows patches in the diff editor. Both sides are documents of our own scheme, never files. */

import { readFile } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import type { FileChangeItem, FileUpdateChange, ThreadItem } from "contract";
import type { Question, ShownTurn, ViewState } from "../state/state";
import { filesOf, patchedSides, type Sides, sidesOf } from "./patchSides";

export const SCHEME = "codex-rpc-diff";

/** How titles of editors with several files begin: nothing else tells whose they are. */
const TITLE = "Codex RPC: ";
const PROPOSED = "proposed change";

/** Sides kept for editors that are open; an older one is shown empty once it is asked for again. */
const MOST_SIDES = 200;

export class Diffs implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  /** What is proposed, by item, and the keys of the tabs that show it. */
  private readonly proposals = new Map<string, Set<string>>();
  private lastId = 0;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** What one item changes: one file, or all in one editor. */
  async showItem(state: ViewState, itemId: string, path: string | null): Promise<void> {
    const found = changesOf(state, itemId);
    if (!found) return;
    const chosen = found.changes.filter((change) => path === null || change.path === path);
    const sides = await Promise.all(
      chosen.map(async (change) => ({
        path: change.path,
        ...sidesOf(change, await contentOf(pathNow(change, found.applied)), found.applied),
      })),
    );
    const tab = await this.show(sides, found.applied ? "change" : PROPOSED);
    if (found.applied || tab === null) return;
    this.proposals.set(itemId, (this.proposals.get(itemId) ?? new Set()).add(tab));
  }

  /** Close what shows proposals that have been decided about. */
  async closeDecided(questions: readonly Question[]): Promise<void> {
    const decided = [...this.proposals].filter(([id]) => !questions.some((each) => isAbout(each, id)));
    for (const [id] of decided) this.proposals.delete(id);
    const open = new Set([...this.proposals.values()].flatMap((tabs) => [...tabs]));
    const gone = new Set(decided.flatMap(([, tabs]) => [...tabs]).filter((tab) => !open.has(tab)));
    if (gone.size > 0) await closeTabs((tab) => gone.has(keyOf(tab)));
  }

  /** Close what an earlier window has shown: its texts are gone. */
  async closeForgotten(): Promise<void> {
    await closeTabs(({ input, label }) =>
      input instanceof vscode.TabInputTextDiff
        ? input.modified.scheme === SCHEME
        : !(input instanceof vscode.TabInputText) && label.startsWith(TITLE),
    );
  }

  /** What all patches of a turn have changed. */
  async showTurn(turn: ShownTurn, cwd: string): Promise<void> {
    const sides = await Promise.all(
      [...filesOf(turn.diff)].map(async ([name, diff]) => {
        const path = isAbsolute(name) ? name : join(cwd, name);
        return { path, ...patchedSides(diff, await contentOf(path), true) };
      }),
    );
    await this.show(sides, "changes of the turn");
  }

  /** Returns the key of the tab. */
  private async show(all: ({ path: string } & Sides)[], what: string): Promise<string | null> {
    const [first] = all;
    if (!first) return null;
    const uris = all.map((sides) => ({ ...sides, ...this.keep(sides) }));
    if (uris.length === 1 && uris[0]) {
      const title = `${basename(first.path)} (${what}${first.partial ? ", only the parts" : ""})`;
      await vscode.commands.executeCommand("vscode.diff", uris[0].left, uris[0].right, title);
      return uris[0].right.toString();
    }
    const rows = uris.map(({ path, left, right }) => [vscode.Uri.file(path), left, right]);
    await vscode.commands.executeCommand("vscode.changes", `${TITLE}${what}`, rows);
    return `${TITLE}${what} (${all.length} files)`;
  }

  private keep({ path, before, after }: { path: string } & Sides): Record<"left" | "right", vscode.Uri> {
    const id = ++this.lastId;
    const side = (name: string, text: string): vscode.Uri => {
      // The path keeps the file's ending, by which the editor chooses the language.
      const uri = vscode.Uri.from({ scheme: SCHEME, path: vscode.Uri.file(path).path, query: `${name}-${id}` });
      this.texts.set(uri.toString(), text);
      return uri;
    };
    const uris = { left: side("before", before), right: side("after", after) };
    for (const old of [...this.texts.keys()].slice(0, -MOST_SIDES)) this.texts.delete(old);
    return uris;
  }
}

function keyOf({ input, label }: vscode.Tab): string {
  return input instanceof vscode.TabInputTextDiff ? input.modified.toString() : label;
}

async function closeTabs(which: (tab: vscode.Tab) => boolean): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(tabs.filter(which));
}

function changesOf(
  state: ViewState,
  itemId: string,
): { changes: FileUpdateChange[]; applied: boolean } | null {
  const item = state.thread?.turns
    .flatMap((turn) => turn.items)
    .find((each): each is FileChangeItem => isFileChange(each) && each.id === itemId);
  if (item) return { changes: item.changes, applied: item.status === "completed" };
  const question = state.questions.find((each): each is FileQuestion => isAbout(each, itemId));
  return question ? { changes: question.params.changes, applied: false } : null;
}

type FileQuestion = Extract<Question, { method: "item/fileChange/requestApproval" }>;

function isAbout(question: Question, itemId: string): question is FileQuestion {
  return question.method === "item/fileChange/requestApproval" && question.params.itemId === itemId;
}

function isFileChange(item: ThreadItem): item is FileChangeItem {
  return item.type === "fileChange";
}

function pathNow({ path, kind }: FileUpdateChange, applied: boolean): string {
  return applied && kind.type === "update" && kind.move_path ? kind.move_path : path;
}

async function contentOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
