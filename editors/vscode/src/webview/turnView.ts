/** A turn: its items, the agent's plan, and how it ended. */

import type { TurnPlanStep } from "contract";
import type { ShownTurn } from "../state/state";
import { button, element, setText } from "./element";
import { itemPart, sameItem, type ShownItem } from "./items";
import { KeyedList } from "./keyed";
import type { Send } from "./send";

export class TurnView {
  readonly node: HTMLElement;
  private readonly items: KeyedList<ShownItem>;
  private readonly plan = element("ol", { class: "plan", attributes: { "aria-label": "Plan" } });
  private readonly retrying = element("div", { class: "note retrying" });
  private readonly ending = element("div", { class: "note ending" });
  private readonly changes: HTMLButtonElement;
  private shown: TurnPlanStep[] | null = null;

  constructor(send: Send) {
    const items = element("div", { class: "items" });
    this.items = new KeyedList(items, ({ item }) => item.id, (item) => itemPart(item, send), sameItem);
    this.changes = button("View all changes", () => {
      send({ type: "openTurnDiff", turnId: this.node.dataset["turn"] ?? "" });
    });
    this.node = element("section", { class: "turn" }, items, this.plan, this.retrying, this.ending, this.changes);
  }

  update(turn: ShownTurn): void {
    this.node.dataset["turn"] = turn.id;
    this.node.dataset["status"] = turn.status;
    this.items.update(turn.items.map((item) => ({ item, progress: turn.progress[item.id] ?? null })));
    this.showPlan(turn.plan);
    this.retrying.hidden = turn.retrying === null;
    setText(this.retrying, turn.retrying === null ? "" : `Trying again: ${turn.retrying}`);
    const ending = endingOf(turn);
    this.ending.hidden = ending === null;
    setText(this.ending, ending ?? "");
    this.changes.hidden = turn.diff === "" || turn.status === "inProgress";
  }

  private showPlan(plan: TurnPlanStep[] | null): void {
    if (plan === this.shown) return;
    this.shown = plan;
    this.plan.replaceChildren(...(plan ?? []).map(stepRow));
  }
}

function stepRow({ step, status }: TurnPlanStep): HTMLElement {
  const words = { pending: "to do", inProgress: "in progress", completed: "done" }[status];
  const spoken = element("span", { class: "spoken" }, `${words}: `);
  return element("li", { class: `step ${status}` }, spoken, step);
}

function endingOf({ status, error }: ShownTurn): string | null {
  if (status === "interrupted") return "Interrupted.";
  if (status !== "failed") return null;
  const details = error?.additionalDetails ? `\n${error.additionalDetails}` : "";
  return `Failed: ${error?.message ?? "unknown error"}${details}`;
}
