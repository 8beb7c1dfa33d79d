/** What is wrong, above the conversation, with what can be done about it. */

import type { Intent, ViewCommand } from "../state/messages";
import type { Notice, ViewState } from "../state/state";
import { button, element, setText } from "./element";
import { KeyedList, type Part } from "./keyed";
import type { Send } from "./send";

export class Banners {
  readonly node: HTMLElement;
  private readonly server = element("span", {});
  private readonly serverBanner: HTMLElement;
  private readonly trust: HTMLElement;
  private readonly readOnly: HTMLElement;
  private readonly notices: KeyedList<Notice>;

  constructor(send: Send) {
    const run = (label: string, command: ViewCommand): HTMLElement =>
      button(label, () => send(runIntent(command)), "link");
    this.serverBanner = banner("error", this.server, run("Restart", "restartServer"), run("Output", "showOutput"));
    this.trust = banner(
      "info",
      element("span", {}, "This workspace is not trusted: the agent can only read."),
      run("Manage", "manageTrust"),
    );
    this.readOnly = banner(
      "info",
      element("span", {}, "Another program writes this thread. You can go on in a fork of it."),
      run("Fork", "forkThread"),
      run("Try again", "reopenThread"),
    );
    const notices = element("div", {});
    this.notices = new KeyedList(notices, (notice) => String(notice.id), (notice) => noticePart(notice, send));
    this.node = element("div", { class: "banners" }, this.serverBanner, this.trust, this.readOnly, notices);
  }

  update({ server, trusted, thread, notices }: ViewState): void {
    const isDown = server.phase === "failed" || server.phase === "waiting";
    this.serverBanner.hidden = !isDown;
    const next = server.phase === "waiting" ? " It is started again." : "";
    setText(this.server, `${server.detail ?? ""}${next}`);
    this.trust.hidden = trusted;
    this.readOnly.hidden = !thread?.readOnly;
    this.notices.update(notices);
  }
}

function runIntent(command: ViewCommand): Intent {
  return { type: "run", command };
}

function banner(look: string, ...children: HTMLElement[]): HTMLElement {
  return element("div", { class: `banner ${look}` }, ...children);
}

function noticePart(notice: Notice, send: Send): Part<Notice> {
  const close = button("×", () => send({ type: "dismiss", id: notice.id }), "icon");
  close.setAttribute("aria-label", "Dismiss");
  const node = banner(notice.severity, element("span", {}, notice.text), close);
  return { node, update: () => undefined };
}
