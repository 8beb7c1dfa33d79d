/** Calls of tools that are neither commands nor patches, and what has no more to show than a line. */

import type { ThreadItem } from "contract";
import { element, setText } from "./element";

const LONGEST = 20_000;

export class ToolView {
  readonly node: HTMLDetailsElement;
  private readonly title = element("span", { class: "title" });
  private readonly how = element("span", { class: "how" });
  private readonly body = element("pre", { class: "output", attributes: { tabindex: "0", "aria-label": "Call" } });
  private item: ThreadItem | null = null;

  constructor() {
    const mark = element("span", { class: "mark", attributes: { "aria-hidden": "true" } });
    const summary = element("summary", {}, mark, this.title, this.how);
    this.node = element("details", { class: "item tool", on: { toggle: () => this.fill() } }, summary, this.body);
  }

  update(item: ThreadItem, progress: string | null): void {
    this.item = item;
    const status = "status" in item ? item.status : "completed";
    this.node.dataset["status"] = status;
    setText(this.title, describeTool(item));
    setText(this.how, status === "inProgress" ? (progress ?? "running") : status === "failed" ? "failed" : "");
    this.fill();
  }

  private fill(): void {
    if (this.node.open && this.item) setText(this.body, detailsOf(this.item));
  }
}

export function describeTool(item: ThreadItem): string {
  switch (item.type) {
    case "mcpToolCall":
      return `${item.server}: ${item.tool}`;
    case "dynamicToolCall":
      return item.namespace ? `${item.namespace}: ${item.tool}` : item.tool;
    case "collabAgentToolCall":
      return `${AGENT_WORDS[item.tool] ?? item.tool}${item.prompt ? `: ${item.prompt.slice(0, 80)}` : ""}`;
    case "webSearch":
      return `Searched the web: ${item.query}`;
    case "imageView":
      return `Looked at ${item.path}`;
    case "enteredReviewMode":
      return `Reviewing ${item.review}`;
    case "contextCompaction":
      return "The conversation so far was summed up.";
    case "functionCallOutput":
      return `Output of ${item.name}`;
    default:
      return item.type;
  }
}

const AGENT_WORDS: Record<string, string> = {
  spawnAgent: "Started an agent",
  sendInput: "Told an agent",
  sendMessage: "Told an agent",
  followupTask: "Gave an agent more to do",
  resumeAgent: "Resumed an agent",
  wait: "Waited for agents",
  closeAgent: "Closed an agent",
  interruptAgent: "Interrupted an agent",
  listAgents: "Listed agents",
};

function detailsOf(item: ThreadItem): string {
  switch (item.type) {
    case "mcpToolCall":
      return joined(item.arguments, item.error?.message ?? textsOf(item.result?.content ?? []));
    case "dynamicToolCall":
      return joined(item.arguments, textsOf(item.contentItems ?? []));
    case "collabAgentToolCall":
      return joined(item.prompt ?? {}, JSON.stringify(item.agentsStates, null, 2));
    default:
      return "";
  }
}

function joined(given: unknown, came: string): string {
  const input = typeof given === "string" ? given : JSON.stringify(given, null, 2);
  return `${input}\n\n${came}`.trim().slice(0, LONGEST);
}

function textsOf(content: unknown[]): string {
  return content
    .map((part) => {
      const { text } = part as { text?: unknown };
      return typeof text === "string" ? text : JSON.stringify(part, null, 2);
    })
    .join("\n");
}
