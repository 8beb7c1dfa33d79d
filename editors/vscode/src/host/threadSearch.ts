/** Finds a thread by what was said in it, while the user types. */

import * as vscode from "vscode";
import type { Thread } from "contract";
import type { Supervisor } from "./supervisor";
import { ago, SOURCES, titleOf } from "./threadList";

const MOST = 30;
const QUIET_MS = 200;

type Row = vscode.QuickPickItem & { threadId: string };

export function searchThreads(server: Supervisor, open: (threadId: string) => void): void {
  const pick = vscode.window.createQuickPick<Row>();
  pick.placeholder = "Search threads by what was said in them";
  // The server has chosen them: what matches may not be in the rows.
  pick.matchOnDescription = pick.matchOnDetail = true;
  let timer: NodeJS.Timeout | undefined;
  let searches = 0;
  const search = async (): Promise<void> => {
    const current = ++searches;
    pick.busy = true;
    try {
      const rows = await find(server, pick.value.trim());
      if (current === searches) pick.items = rows;
    } catch (error) {
      if (current === searches) pick.placeholder = String(error);
    } finally {
      if (current === searches) pick.busy = false;
    }
  };
  pick.onDidChangeValue(() => {
    clearTimeout(timer);
    timer = setTimeout(() => void search(), QUIET_MS);
  });
  pick.onDidAccept(() => {
    const [chosen] = pick.selectedItems;
    if (chosen) open(chosen.threadId);
    pick.hide();
  });
  pick.onDidHide(() => {
    clearTimeout(timer);
    pick.dispose();
  });
  pick.show();
  void search();
}

async function find(server: Supervisor, words: string): Promise<Row[]> {
  if (words === "") {
    const { data } = await server.request("thread/list", {
      limit: MOST,
      sortKey: "updated_at",
      sourceKinds: SOURCES,
    });
    return data.map((thread) => row(thread, ""));
  }
  const { data } = await server.request("thread/search", {
    searchTerm: words,
    limit: MOST,
    sourceKinds: SOURCES,
  });
  return data.map(({ thread, snippet }) => row(thread, snippet));
}

function row(thread: Thread, snippet: string): Row {
  return {
    threadId: thread.id,
    label: titleOf(thread),
    description: ago(thread.updatedAt),
    detail: snippet.replace(/\s+/g, " ").trim(),
    alwaysShow: true,
  };
}
