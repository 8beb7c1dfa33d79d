/** What can be asked about the code in the editor: commands, and entries of the light bulb. */

import * as vscode from "vscode";
import type { ContextChip } from "../state/state";
import { partChip, selectionChip } from "./editorContext";

/** Lines around a problem that go with it. */
const AROUND = 10;

export interface EditorWishes {
  submit(text: string, chips: ContextChip[]): Promise<void>;
  add(chip: ContextChip): void;
  focus(): Promise<void>;
}

export async function submitSelection(wishes: EditorWishes): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const chip = editor.selection.isEmpty ? wholeChip(editor) : selectionChip(editor);
  const prompt = `What is to be done with ${chip.label}?`;
  const text = await vscode.window.showInputBox({ prompt, ignoreFocusOut: true });
  if (!text?.trim()) return;
  await wishes.focus();
  await wishes.submit(text, [chip]);
}

export async function addSelection(wishes: EditorWishes): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  wishes.add(editor.selection.isEmpty ? wholeChip(editor) : selectionChip(editor));
  await wishes.focus();
}

export async function explain(wishes: EditorWishes): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const chip = editor.selection.isEmpty
    ? partChip(editor.document, around(editor.document, editor.selection))
    : selectionChip(editor);
  const name = editor.selection.isEmpty ? `what happens at line ${editor.selection.active.line + 1}` : "this code";
  await wishes.focus();
  await wishes.submit(`Explain ${name} in ${chip.path}. Do not change anything.`, [chip]);
}

export async function fixDiagnostics(wishes: EditorWishes): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const found = diagnosticsAt(editor.document, editor.selection);
  if (found.length === 0) {
    void vscode.window.showInformationMessage("There are no problems at the cursor.");
    return;
  }
  const whole = found.reduce((range, each) => range.union(each.range), found[0]?.range ?? editor.selection);
  const chip = partChip(editor.document, around(editor.document, whole));
  const problems = found.map((each) => `- ${describe(each)}`).join("\n");
  await wishes.focus();
  await wishes.submit(`Fix ${found.length === 1 ? "this problem" : "these problems"} in ${chip.path}:\n${problems}`, [chip]);
}

export class ProblemActions implements vscode.CodeActionProvider {
  static readonly kinds = [vscode.CodeActionKind.QuickFix];

  provideCodeActions(
    _document: vscode.TextDocument,
    _range: vscode.Range,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    if (context.diagnostics.length === 0) return [];
    const action = new vscode.CodeAction("Fix with Codex RPC", vscode.CodeActionKind.QuickFix);
    action.command = { command: "codexRpc.fixDiagnostics", title: action.title };
    action.diagnostics = [...context.diagnostics];
    return [action];
  }
}

function diagnosticsAt(document: vscode.TextDocument, selection: vscode.Range): vscode.Diagnostic[] {
  const all = vscode.languages.getDiagnostics(document.uri);
  const exactly = all.filter((each) => each.range.intersection(selection));
  if (exactly.length > 0) return exactly;
  const lines = new vscode.Range(selection.start.line, 0, selection.end.line + 1, 0);
  return all.filter((each) => each.range.intersection(lines));
}

function describe(problem: vscode.Diagnostic): string {
  const code = typeof problem.code === "object" ? problem.code.value : problem.code;
  const from = [problem.source, code].filter((part) => part !== undefined).join(" ");
  const where = `line ${problem.range.start.line + 1}`;
  return `${where}: ${problem.message}${from ? ` (${from})` : ""}`;
}

function around(document: vscode.TextDocument, range: vscode.Range): vscode.Range {
  const wide = new vscode.Range(
    Math.max(0, range.start.line - AROUND),
    0,
    range.end.line + AROUND + 1,
    0,
  );
  return document.validateRange(wide);
}

function wholeChip(editor: vscode.TextEditor): ContextChip {
  const { document } = editor;
  return partChip(document, document.validateRange(new vscode.Range(0, 0, document.lineCount, 0)));
}
