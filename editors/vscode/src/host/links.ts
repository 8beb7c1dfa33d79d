/** Opens what the conversation links to: pages of the web outside, files in the editor. */

import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";

const OUTSIDE = new Set(["http", "https", "mailto"]);

export async function openLink(href: string, cwd: string): Promise<void> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href)?.[1]?.toLowerCase();
  if (scheme && OUTSIDE.has(scheme)) {
    await vscode.env.openExternal(vscode.Uri.parse(href));
  } else if (!scheme) {
    const [, path = "", line] = /^(.*?)(?:(?::|#L)(\d+))?(?::\d+|-L?\d+)?$/.exec(href) ?? [];
    await openFile(safeDecode(path), line ? Number(line) : null, cwd);
  }
}

export async function openFile(path: string, line: number | null, cwd: string): Promise<void> {
  const whole = isAbsolute(path) ? path : join(cwd, path);
  const found = await stat(whole).catch(() => null);
  if (!found?.isFile()) {
    void vscode.window.showWarningMessage(`There is no file ${path}.`);
    return;
  }
  const at = new vscode.Range((line ?? 1) - 1, 0, (line ?? 1) - 1, 0);
  await vscode.window.showTextDocument(vscode.Uri.file(whole), line === null ? {} : { selection: at });
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
