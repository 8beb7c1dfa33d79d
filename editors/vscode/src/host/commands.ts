/** The commands of the palette, the menus and the keyboard. */

import * as vscode from "vscode";
import type { Thread } from "contract";
import { addSelection, type EditorWishes, explain, fixDiagnostics, submitSelection } from "./editorCommands";
import { fileChip } from "./editorContext";
import type { Messages } from "./messages";
import type { Store } from "./store";
import type { Supervisor } from "./supervisor";
import { type ThreadList, titleOf } from "./threadList";
import { searchThreads } from "./threadSearch";
import type { Threads } from "./threads";

export interface Actions {
  server: Supervisor;
  store: Store;
  threads: Threads;
  messages: Messages;
  list: ThreadList;
  wishes: EditorWishes;
  open(threadId: string): Promise<void>;
  showOutput(): void;
}

/** A row of the list of threads, as its menu gives it to a command. */
type Row = { thread: Thread } | undefined;

export function registerCommands(actions: Actions): vscode.Disposable[] {
  const all = { ...threadCommands(actions), ...promptCommands(actions), ...serverCommands(actions) };
  return Object.entries(all).map(([name, run]) =>
    vscode.commands.registerCommand(`codexRpc.${name}`, async (...given: never[]) => {
      try {
        await run(...given);
      } catch (error) {
        void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    }),
  );
}

type Commands = Record<string, (...given: never[]) => unknown>;

function threadCommands({ server, store, threads, list, wishes, open }: Actions): Commands {
  const meant = (row: Row): Pick<Thread, "id" | "name" | "preview"> | null =>
    row?.thread ?? store.state.thread;
  const show = async (threadId: string): Promise<void> => {
    await open(threadId);
    await wishes.focus();
  };
  return {
    newThread: () => {
      threads.close();
      return wishes.focus();
    },
    openThread: show,
    reopenThread: async () => {
      if (store.state.thread) await open(store.state.thread.id);
    },
    searchThreads: () => searchThreads(server, (threadId) => void show(threadId)),
    refreshThreads: () => list.refresh(),
    moreThreads: () => list.showMore(),
    showArchived: () => list.show(true),
    hideArchived: () => list.show(false),
    forkThread: async (row: Row) => {
      const thread = meant(row);
      if (thread) await threads.fork(thread.id);
    },
    renameThread: async (row: Row) => {
      const thread = meant(row);
      if (!thread) return;
      const prompt = "The thread's name";
      const name = await vscode.window.showInputBox({ prompt, value: titleOf(thread) });
      if (name?.trim()) await threads.rename(thread.id, name.trim());
    },
    archiveThread: async (row: Row) => {
      const thread = meant(row);
      if (thread) await threads.archive(thread.id);
    },
    unarchiveThread: async (row: Row) => {
      if (row?.thread) await threads.unarchive(row.thread.id);
    },
  };
}

function promptCommands({ messages, wishes }: Actions): Commands {
  return {
    focusPrompt: () => wishes.focus(),
    submitSelection: () => submitSelection(wishes),
    addSelection: () => addSelection(wishes),
    addFile: async (given: vscode.Uri | undefined) => {
      const uri = given ?? vscode.window.activeTextEditor?.document.uri;
      if (uri) wishes.add(fileChip(uri));
      await wishes.focus();
    },
    explain: () => explain(wishes),
    fixDiagnostics: () => fixDiagnostics(wishes),
    steer: async () => {
      const prompt = "What should the turn that is running take into account?";
      const text = await vscode.window.showInputBox({ prompt, ignoreFocusOut: true });
      if (text?.trim()) await messages.submit(text, []);
    },
    interrupt: () => messages.interrupt(),
  };
}

function serverCommands({ server, showOutput }: Actions): Commands {
  return {
    showOutput: () => showOutput(),
    restartServer: () => server.restart(),
  };
}
