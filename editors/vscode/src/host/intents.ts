/** What the user does in the view, handed to the part that does it. */

import * as vscode from "vscode";
import { type Intent, VIEW_COMMANDS, type ViewCommand } from "../state/messages";
import type { Diffs } from "./diffs";
import type { EditorContext } from "./editorContext";
import { openFile, openLink } from "./links";
import type { Messages } from "./messages";
import type { Questions } from "./questions";
import type { Settings } from "./settings";
import type { Store } from "./store";
import type { Threads } from "./threads";

export interface Parts {
  readonly store: Store;
  readonly settings: Settings;
  readonly threads: Threads;
  readonly messages: Messages;
  readonly questions: Questions;
  readonly context: EditorContext;
  readonly diffs: Diffs;
}

export class Intents {
  constructor(private readonly parts: Parts) {}

  receive(intent: Intent): void {
    this.carryOut(intent).catch((error: unknown) => this.parts.store.failed(error));
  }

  private async carryOut(intent: Intent): Promise<void> {
    const { store, threads, messages, questions, context } = this.parts;
    switch (intent.type) {
      case "submit":
        return messages.submit(intent.text, store.state.chips);
      case "typed":
        return store.dispatch(intent);
      case "answer":
        return questions.answer(intent.key, intent.answer);
      case "removeChip":
        return context.remove(intent.id);
      case "showOlder":
        return threads.showOlder();
      case "dismiss":
        return store.dispatch({ type: "dismissed", id: intent.id });
      case "copy":
        return vscode.env.clipboard.writeText(intent.text);
      case "run":
        return run(intent.command);
      default:
        return this.show(intent);
    }
  }

  private async show(intent: Extract<Intent, { type: `open${string}` }>): Promise<void> {
    const { store, settings, diffs } = this.parts;
    const cwd = store.state.thread?.cwd ?? settings.folder;
    switch (intent.type) {
      case "openLink":
        return openLink(intent.href, cwd);
      case "openFile":
        return openFile(intent.path, intent.line, cwd);
      case "openDiff":
        return diffs.showItem(store.state, intent.itemId, intent.path);
      case "openTurnDiff": {
        const turn = store.state.thread?.turns.find((each) => each.id === intent.turnId);
        return turn && diffs.showTurn(turn, cwd);
      }
    }
  }
}

async function run(command: ViewCommand): Promise<void> {
  if (!VIEW_COMMANDS.includes(command)) return;
  const name = command === "manageTrust" ? "workbench.trust.manage" : `codexRpc.${command}`;
  await vscode.commands.executeCommand(name);
}
