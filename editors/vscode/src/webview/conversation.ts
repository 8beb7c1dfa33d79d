/** The turns of the open thread, and the messages on their way to it. */

import type { Outgoing, ShownTurn, ViewState } from "../state/state";
import { button, element, setText } from "./element";
import { KeyedList, type Part } from "./keyed";
import { isAtEnd, scrollToEnd } from "./scrolling";
import type { Send } from "./send";
import { TurnView } from "./turnView";
import { UserMessageView } from "./userMessageView";

export class Conversation {
  readonly node: HTMLElement;
  private readonly turns: KeyedList<ShownTurn>;
  private readonly outbox: KeyedList<Outgoing>;
  private readonly older: HTMLButtonElement;
  private readonly empty = element("p", { class: "empty" });
  private readonly down: HTMLButtonElement;
  private readonly log: HTMLElement;
  private threadId: string | null = null;
  /** The end is kept in sight, until the user scrolls away from it. */
  private follows = true;

  constructor(send: Send) {
    const turns = element("div", { class: "turns" });
    const outbox = element("div", { class: "outbox" });
    this.turns = new KeyedList(turns, (turn) => turn.id, () => new TurnView(send));
    this.outbox = new KeyedList(outbox, (message) => message.id, outgoingPart);
    this.older = button("Show earlier turns", () => send({ type: "showOlder" }), "link");
    // The announcer speaks for the stream: read aloud word by word it could not be followed.
    const attributes = { role: "log", "aria-live": "off", "aria-label": "Conversation", tabindex: "0" };
    this.log = element("div", { class: "log", attributes }, this.older, this.empty, turns, outbox);
    this.down = button("↓", () => scrollToEnd(this.log), "icon");
    this.down.setAttribute("aria-label", "Scroll to the end");
    this.down.classList.add("down");
    this.log.addEventListener("scroll", () => this.moved());
    // A question below takes some of the room: what was at the end stays there.
    new ResizeObserver(() => this.settle()).observe(this.log);
    this.node = element("div", { class: "conversation" }, this.log, this.down);
  }

  update({ thread, outbox, opening }: ViewState): void {
    if ((thread?.id ?? null) !== this.threadId) this.follows = true;
    this.threadId = thread?.id ?? null;
    this.older.hidden = thread === null || thread.older === null;
    this.turns.update(thread?.turns ?? []);
    this.outbox.update(outbox);
    const isEmpty = !thread?.turns.length && outbox.length === 0;
    this.empty.hidden = !isEmpty;
    setText(this.empty, opening ? "Opening the thread…" : EMPTY);
    this.settle();
  }

  private settle(): void {
    if (this.follows) scrollToEnd(this.log);
    this.down.hidden = isAtEnd(this.log);
  }

  private moved(): void {
    this.follows = isAtEnd(this.log);
    this.down.hidden = this.follows;
  }
}

const EMPTY = "Ask about the code, or say what is to be done. The agent asks before it does what its settings do not allow.";

function outgoingPart(): Part<Outgoing> {
  const view = new UserMessageView();
  return {
    node: view.node,
    update: ({ text, chips }) => view.show(text, chips.map((chip) => chip.label), "Sending…"),
  };
}
