/** What the user has said, with the context that went along. */

import type { UserMessageItem } from "contract";
import { shownInput } from "../state/promptInput";
import { element } from "./element";

export class UserMessageView {
  readonly node = element("article", { class: "item user", attributes: { "aria-label": "You" } });

  update(item: UserMessageItem): void {
    const { text, labels } = shownInput(item.content);
    this.show(text, labels, null);
  }

  show(text: string, labels: string[], note: string | null): void {
    const chips = labels.map((label) => element("span", { class: "chip" }, label));
    this.node.replaceChildren(element("div", { class: "said" }, text));
    if (chips.length > 0) this.node.append(element("div", { class: "chips" }, ...chips));
    if (note !== null) this.node.append(element("div", { class: "note" }, note));
  }
}
