/** The chips above the prompt: what follows the editor, and what the user has added. */

import * as vscode from "vscode";
import type { ContextChip } from "../state/state";
import type { Settings } from "./settings";
import type { Store } from "./store";

/** A selection may be a whole file of any size; the agent can read the rest itself. */
const LONGEST_PART = 64 * 1024;
const QUIET_MS = 150;

export class EditorContext implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private timer: NodeJS.Timeout | null = null;
  /** The file whose automatic chip the user has taken away, until another one is open. */
  private unwanted: string | null = null;

  constructor(
    private readonly store: Store,
    private readonly settings: Settings,
  ) {
    this.listeners = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor(() => this.soon()),
      vscode.window.onDidChangeTextEditorSelection(() => this.soon()),
      vscode.workspace.onDidChangeConfiguration(() => this.soon()),
    );
    this.update();
  }

  dispose(): void {
    this.listeners.dispose();
    if (this.timer) clearTimeout(this.timer);
  }

  add(chip: ContextChip): void {
    const others = this.store.state.chips.filter((each) => each.id !== chip.id);
    this.store.dispatch({ type: "chips", chips: [...others, chip] });
  }

  remove(id: string): void {
    const chip = this.store.state.chips.find((each) => each.id === id);
    if (chip?.automatic) this.unwanted = chip.path;
    const chips = this.store.state.chips.filter((each) => each.id !== id);
    this.store.dispatch({ type: "chips", chips });
  }

  private soon(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), QUIET_MS);
  }

  private update(): void {
    const editor = vscode.window.activeTextEditor;
    // Without an active text editor the focus may just be in the view: the last file still counts.
    if (!editor && vscode.window.visibleTextEditors.length > 0) return;
    const chosen = this.store.state.chips.filter((chip) => !chip.automatic);
    const chip = editor && this.settings.includeOpenFile ? automaticChip(editor) : null;
    if (chip && chip.path !== this.unwanted) this.unwanted = null;
    const wanted = chip && this.unwanted === null && !chosen.some((each) => each.id === chip.id);
    const chips = wanted ? [chip, ...chosen] : chosen;
    if (!same(chips, this.store.state.chips)) this.store.dispatch({ type: "chips", chips });
  }
}

export function selectionChip(editor: vscode.TextEditor): ContextChip {
  return partChip(editor.document, editor.selection);
}

export function partChip(document: vscode.TextDocument, range: vscode.Range): ContextChip {
  const path = vscode.workspace.asRelativePath(document.uri);
  // A selection that ends at the beginning of a line does not mean that line.
  const endsBefore = !range.isSingleLine && range.end.character === 0;
  const last = endsBefore ? range.end.line : range.end.line + 1;
  const lines: [number, number] = [range.start.line + 1, last];
  const where = lines[0] === lines[1] ? `${lines[0]}` : `${lines[0]}–${lines[1]}`;
  return {
    id: `${document.uri.toString()}#${where}`,
    path,
    label: `${nameOf(path)}:${where}`,
    lines,
    text: document.getText(range).slice(0, LONGEST_PART),
    language: document.languageId,
    automatic: false,
  };
}

export function fileChip(uri: vscode.Uri, language = ""): ContextChip {
  const path = vscode.workspace.asRelativePath(uri);
  const id = uri.toString();
  return { id, path, label: nameOf(path), lines: null, text: null, language, automatic: false };
}

function automaticChip(editor: vscode.TextEditor): ContextChip | null {
  if (editor.document.uri.scheme !== "file") return null;
  const chip = editor.selection.isEmpty
    ? fileChip(editor.document.uri, editor.document.languageId)
    : selectionChip(editor);
  return { ...chip, automatic: true };
}

function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

function same(some: ContextChip[], others: ContextChip[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}
