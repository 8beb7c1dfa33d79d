/** The agent's reasoning, folded: its newest heading is all that is seen at first. */

import type { ReasoningItem } from "contract";
import { element, setText } from "./element";
import { MarkdownView } from "./markdownView";
import type { Send } from "./send";

export class ReasoningView {
  readonly node: HTMLDetailsElement;
  private readonly summary = element("summary");
  private readonly body: MarkdownView;
  private item: ReasoningItem | null = null;

  constructor(send: Send) {
    this.body = new MarkdownView(send);
    // What is folded need not be rendered while it grows.
    const on = { toggle: () => this.fill() };
    this.node = element("details", { class: "item reasoning", on }, this.summary, this.body.node);
  }

  update(item: ReasoningItem): void {
    this.item = item;
    this.node.hidden = sectionsOf(item).every((section) => section.trim() === "");
    setText(this.summary, headingOf(item));
    this.fill();
  }

  private fill(): void {
    if (this.node.open && this.item) this.body.update(sectionsOf(this.item).join("\n\n"));
  }
}

function sectionsOf({ summary, content }: ReasoningItem): string[] {
  return summary.length > 0 ? summary : content;
}

function headingOf(item: ReasoningItem): string {
  const headings = sectionsOf(item).flatMap((section) => /^\s*\*\*(.+?)\*\*/.exec(section)?.[1] ?? []);
  return headings.at(-1) ?? "Reasoning";
}
