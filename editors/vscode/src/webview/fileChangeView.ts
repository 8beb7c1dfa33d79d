/** A patch: its files, each opening its diff. */

import type { FileChangeItem, FileUpdateChange } from "contract";
import { button, element, setText } from "./element";
import { baseName, lineCounts } from "./patchWords";
import type { Send } from "./send";

export class FileChangeView {
  readonly node: HTMLElement;
  private readonly title = element("span", { class: "title" });
  private readonly mark = element("span", { class: "mark", attributes: { "aria-hidden": "true" } });
  private readonly files = element("ul", { class: "files" });
  private readonly all: HTMLButtonElement;
  private item: FileChangeItem | null = null;

  constructor(private readonly send: Send) {
    this.all = button("Open all", () => this.open(null), "link");
    const head = element("div", { class: "head" }, this.mark, this.title, this.all);
    this.node = element("div", { class: "item patch" }, head, this.files);
  }

  update(item: FileChangeItem): void {
    this.item = item;
    this.node.dataset["status"] = item.status;
    setText(this.title, titleOf(item));
    this.all.hidden = item.changes.length < 2;
    this.files.replaceChildren(...item.changes.map((change) => this.row(change)));
  }

  private row(change: FileUpdateChange): HTMLElement {
    const { added, removed } = lineCounts(change);
    const name = button(baseName(change.path), () => this.open(change.path), "link");
    name.title = change.path;
    name.setAttribute("aria-label", `Open diff of ${baseName(change.path)}`);
    const counts = element(
      "span",
      { class: "counts", attributes: { "aria-label": `${added} lines added, ${removed} removed` } },
      element("span", { class: "added" }, `+${added}`),
      " ",
      element("span", { class: "removed" }, `−${removed}`),
    );
    const kind = change.kind.type === "update" ? null : element("span", { class: "how" }, WORDS[change.kind.type]);
    return element("li", {}, name, counts, kind);
  }

  private open(path: string | null): void {
    if (this.item) this.send({ type: "openDiff", itemId: this.item.id, path });
  }
}

const WORDS = { add: "new", delete: "deleted" };

function titleOf({ status, changes }: FileChangeItem): string {
  const what = changes.length === 1 ? "1 file" : `${changes.length} files`;
  switch (status) {
    case "inProgress":
      return `Changing ${what}`;
    case "completed":
      return `Changed ${what}`;
    case "failed":
      return `Could not change ${what}`;
    case "declined":
      return `Declined: change of ${what}`;
  }
}
