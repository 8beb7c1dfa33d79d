/** Says to screen readers what has happened, whole sentences at a time, and politely. */

import type { ThreadItem } from "contract";
import { activityOf, wordsOf } from "../state/activity";
import type { Question, ViewState } from "../state/state";
import { element } from "./element";

export class Announcer {
  readonly node = element("div", {
    class: "spoken",
    attributes: { role: "status", "aria-live": "polite" },
  });
  private before: ViewState | null = null;

  update(state: ViewState): void {
    const news = this.before === null ? [] : newsOf(this.before, state);
    this.before = state;
    if (news.length > 0) this.node.replaceChildren(...news.map((text) => element("p", {}, text)));
  }
}

export function newsOf(before: ViewState, state: ViewState): string[] {
  if (before.thread?.id !== state.thread?.id) return [];
  const known = new Set(before.questions.map((question) => question.key));
  const asked = state.questions.filter((question) => !known.has(question.key)).map(questionWords);
  const activity = activityOf(state);
  const changed = activity !== activityOf(before) ? [wordsOf(activity)] : [];
  const notices = state.notices.filter((notice) => !before.notices.includes(notice));
  return [...saidSince(before, state), ...asked, ...notices.map((notice) => notice.text), ...changed];
}

/** Messages of the agent's that have been completed. */
function saidSince(before: ViewState, state: ViewState): string[] {
  const [turn, old] = [state.thread?.turns.at(-1), before.thread?.turns.at(-1)];
  if (!turn || turn === old) return [];
  const done = new Set(old?.id === turn.id ? old.items.filter(isSaid).map((item) => item.id) : []);
  return turn.items.flatMap((item) =>
    item.type === "agentMessage" && isSaid(item) && !done.has(item.id) ? [item.text] : [],
  );
}

function isSaid(item: ThreadItem): boolean {
  return item.type === "agentMessage" && item.completedAtMs !== null;
}

function questionWords(question: Question): string {
  switch (question.method) {
    case "item/commandExecution/requestApproval":
      return `The agent asks to run: ${question.params.command ?? "a command"}`;
    case "item/fileChange/requestApproval":
      return "The agent asks to change files.";
    case "item/permissions/requestApproval":
      return "The agent asks for more permissions.";
    case "item/tool/requestUserInput":
      return `The agent asks: ${question.params.questions.map((each) => each.question).join(" ")}`;
    case "mcpServer/elicitation/request":
      return `${question.params.serverName} asks: ${question.params.message}`;
  }
}
