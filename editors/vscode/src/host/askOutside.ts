/** Asks by a notification while the view is hidden. The conversation has the whole question. */

import * as vscode from "vscode";
import type { Question } from "../state/state";
import type { Questions } from "./questions";

/** A command that does not fit here whole must be read in the conversation before it is allowed. */
const LONGEST = 160;

export async function askOutside(
  question: Question,
  questions: Questions,
  show: () => Promise<void>,
): Promise<void> {
  const decidable = isDecidable(question);
  const buttons = decidable ? ["Allow", "Decline", "Show"] : ["Show"];
  const chosen = await vscode.window.showInformationMessage(textOf(question), ...buttons);
  if (chosen === undefined || !questions.isOpen(question.key)) return;
  if (chosen === "Show") await show();
  else questions.answer(question.key, { decision: chosen === "Allow" ? "accept" : "decline" });
}

function isDecidable(question: Question): boolean {
  if (question.method !== "item/commandExecution/requestApproval") return false;
  const { command, availableDecisions } = question.params;
  const offered = availableDecisions?.includes("accept") ?? true;
  return offered && command != null && command.length <= LONGEST && !command.includes("\n");
}

function textOf(question: Question): string {
  switch (question.method) {
    case "item/commandExecution/requestApproval": {
      const command = question.params.command ?? "a command";
      const short = command.length > LONGEST ? `${command.slice(0, LONGEST)}…` : command;
      // Notifications make links of Markdown's form, and the model chose these words.
      return `Codex RPC wants to run: ${short.replaceAll("](", "] (")}`;
    }
    case "item/fileChange/requestApproval":
      return `Codex RPC wants to change ${counted(question.params.changes.length, "file")}.`;
    case "item/permissions/requestApproval":
      return "Codex RPC asks for more permissions.";
    case "item/tool/requestUserInput":
      return `Codex RPC has ${counted(question.params.questions.length, "question")}.`;
    case "mcpServer/elicitation/request":
      return `The MCP server ${question.params.serverName} has a question.`;
  }
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}
