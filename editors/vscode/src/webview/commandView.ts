/** A command with its output, which follows the end while it grows. */

import type { CommandExecutionItem } from "contract";
import { plainOutput } from "./ansi";
import { button, element, setText } from "./element";
import type { Send } from "./send";
import { isAtEnd, scrollToEnd } from "./scrolling";

export class CommandView {
  readonly node: HTMLDetailsElement;
  private readonly mark = element("span", { class: "mark", attributes: { "aria-hidden": "true" } });
  private readonly title = element("code", { class: "title" });
  private readonly how = element("span", { class: "how" });
  private readonly whole = element("pre", { class: "whole", attributes: { tabindex: "0", "aria-label": "Command" } });
  private readonly output = element("pre", { class: "output", attributes: { tabindex: "0", "aria-label": "Output" } });
  private item: CommandExecutionItem | null = null;
  private readonly copy: HTMLButtonElement;
  private isLive = false;

  constructor(send: Send) {
    this.copy = button("Copy output", () => {
      send({ type: "copy", text: plainOutput(this.item?.aggregatedOutput ?? "") });
    }, "link");
    const summary = element("summary", {}, this.mark, this.title, this.how);
    const on = { toggle: () => this.fill() };
    this.node = element("details", { class: "item command", on }, summary, this.whole, this.output, this.copy);
  }

  update(item: CommandExecutionItem): void {
    this.item = item;
    // Live output is shown as it comes; afterwards it is out of the way, unless it says what failed.
    const isLive = item.status === "inProgress" && item.aggregatedOutput !== null;
    if (isLive !== this.isLive) this.node.open = isLive || item.status === "failed";
    this.isLive = isLive;
    this.node.dataset["status"] = item.status;
    setText(this.title, shortened(item));
    setText(this.how, outcome(item));
    this.fill();
  }

  private fill(): void {
    if (!this.node.open || !this.item) return;
    setText(this.whole, this.item.command);
    const follow = isAtEnd(this.output);
    setText(this.output, plainOutput(this.item.aggregatedOutput ?? ""));
    this.output.hidden = this.copy.hidden = this.item.aggregatedOutput === null;
    if (follow) scrollToEnd(this.output);
  }
}

/** The script that a shell was given, in one line. */
function shortened({ command, commandActions }: CommandExecutionItem): string {
  const [only] = commandActions;
  const text = commandActions.length === 1 && only ? only.command : command;
  return text.replace(/\s*\n\s*/g, " ⏎ ");
}

function outcome({ status, exitCode, durationMs }: CommandExecutionItem): string {
  const took = durationMs !== null && durationMs >= 1000 ? `, ${(durationMs / 1000).toFixed(1)} s` : "";
  switch (status) {
    case "inProgress":
      return "running";
    case "declined":
      return "declined";
    case "completed":
      return `done${took}`;
    case "failed":
      return exitCode === null ? `failed${took}` : `exit code ${exitCode}${took}`;
  }
}
