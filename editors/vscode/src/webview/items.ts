/** Makes the part of the page for an item, by its type. */

import type { ThreadItem } from "contract";
import { CommandView } from "./commandView";
import { element, setText } from "./element";
import { FileChangeView } from "./fileChangeView";
import type { Part } from "./keyed";
import { MarkdownView } from "./markdownView";
import { ReasoningView } from "./reasoningView";
import type { Send } from "./send";
import { describeTool, ToolView } from "./toolView";
import { UserMessageView } from "./userMessageView";

export interface ShownItem {
  item: ThreadItem;
  /** The latest word of a tool that is running. */
  progress: string | null;
}

export function sameItem(one: ShownItem, other: ShownItem): boolean {
  return one.item === other.item && one.progress === other.progress;
}

export function itemPart({ item }: ShownItem, send: Send): Part<ShownItem> {
  switch (item.type) {
    case "userMessage":
      return partOf("userMessage", new UserMessageView());
    case "agentMessage":
      return markdownPart(send, "agent", (shown) => (shown.type === "agentMessage" ? shown.text : ""));
    case "plan":
      return markdownPart(send, "proposal", (shown) => (shown.type === "plan" ? shown.text : ""));
    case "exitedReviewMode":
      return markdownPart(send, "review", (shown) =>
        shown.type === "exitedReviewMode" ? shown.review : "",
      );
    case "reasoning":
      return partOf("reasoning", new ReasoningView(send));
    case "commandExecution":
      return partOf("commandExecution", new CommandView(send));
    case "fileChange":
      return partOf("fileChange", new FileChangeView(send));
    case "mcpToolCall":
    case "dynamicToolCall":
    case "collabAgentToolCall":
      return toolPart();
    default:
      return linePart();
  }
}

function partOf<T extends ThreadItem["type"]>(
  type: T,
  view: { node: HTMLElement; update(item: Extract<ThreadItem, { type: T }>): void },
): Part<ShownItem> {
  const isMine = (item: ThreadItem): item is Extract<ThreadItem, { type: T }> => item.type === type;
  return {
    node: view.node,
    update: ({ item }) => {
      if (isMine(item)) view.update(item);
    },
  };
}

function markdownPart(send: Send, look: string, textOf: (item: ThreadItem) => string): Part<ShownItem> {
  const view = new MarkdownView(send);
  const node = element("article", { class: `item ${look}`, attributes: { "aria-label": "Agent" } }, view.node);
  return { node, update: ({ item }) => view.update(textOf(item)) };
}

function toolPart(): Part<ShownItem> {
  const view = new ToolView();
  return { node: view.node, update: ({ item, progress }) => view.update(item, progress) };
}

function linePart(): Part<ShownItem> {
  const node = element("div", { class: "item line" });
  return { node, update: ({ item }) => setText(node, describeTool(item)) };
}
