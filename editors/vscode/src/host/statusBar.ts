/** The entry in the status bar, and what menus ask of the state (context keys). */

import * as vscode from "vscode";
import { type Activity, activityOf, isWorking, wordsOf } from "../state/activity";
import type { ViewState } from "../state/state";

const ICONS: Record<Activity, string> = {
  offline: "$(error)",
  starting: "$(loading~spin)",
  opening: "$(loading~spin)",
  none: "$(comment-discussion)",
  idle: "$(comment-discussion)",
  working: "$(loading~spin)",
  waiting: "$(question)",
  failed: "$(warning)",
  readOnly: "$(lock)",
};

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("codexRpc", vscode.StatusBarAlignment.Right, 100);
  private shown = "";
  private readonly context = new Map<string, boolean>();

  constructor() {
    this.item.name = "Codex RPC";
    this.item.command = "codexRpc.focusPrompt";
    this.item.show();
  }

  update(state: ViewState): void {
    const activity = activityOf(state);
    const words = wordsOf(activity);
    const text = `${ICONS[activity]} Codex RPC`;
    if (this.shown !== text + words) {
      this.shown = text + words;
      this.item.text = text;
      this.item.tooltip = `Codex RPC: ${words}`;
      this.item.accessibilityInformation = { label: `Codex RPC: ${words}`, role: "button" };
      const needs = activity === "waiting" || activity === "offline";
      this.item.backgroundColor = needs
        ? new vscode.ThemeColor("statusBarItem.warningBackground")
        : undefined;
    }
    this.setContext("codexRpc.working", isWorking(state));
    this.setContext("codexRpc.threadOpen", state.thread !== null);
  }

  dispose(): void {
    this.item.dispose();
  }

  private setContext(key: string, value: boolean): void {
    if (this.context.get(key) === value) return;
    this.context.set(key, value);
    void vscode.commands.executeCommand("setContext", key, value);
  }
}
