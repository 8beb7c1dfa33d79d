/** Where the user types, with the context that will go along. */

import { activityOf, isWorking } from "../state/activity";
import type { ContextChip, ViewState } from "../state/state";
import { button, element, setAttribute, setText } from "./element";
import { KeyedList, type Part } from "./keyed";
import type { Send } from "./send";

export class Prompt {
  readonly node: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly chips: KeyedList<ContextChip>;
  private readonly submitButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private revision = -1;

  constructor(
    private readonly send: Send,
    private readonly onTyped: (text: string) => void,
  ) {
    this.input = element("textarea", {
      attributes: { rows: "1", "aria-label": "Message to the agent" },
      on: { input: () => this.typed(), keydown: (event) => this.pressed(event) },
    });
    this.submitButton = button("Send", () => this.submit(), "primary");
    this.stopButton = button("Stop", () => send({ type: "run", command: "interrupt" }));
    const chips = element("div", { class: "chips", attributes: { role: "list", "aria-label": "Context" } });
    this.chips = new KeyedList(chips, (chip) => chip.id, (chip) => chipPart(chip, send));
    const buttons = element("div", { class: "buttons" }, this.stopButton, this.submitButton);
    this.node = element("div", { class: "prompt" }, chips, this.input, buttons);
  }

  update(state: ViewState): void {
    const { prompt, thread } = state;
    if (prompt.revision !== this.revision) {
      this.revision = prompt.revision;
      if (this.input.value !== prompt.text) this.input.value = prompt.text;
      this.grow();
    }
    this.chips.update(state.chips);
    const working = isWorking(state);
    const closed = thread?.readOnly ?? false;
    this.input.disabled = closed;
    setAttribute(this.input, "placeholder", placeholderOf(state));
    setText(this.submitButton, working ? "Steer" : "Send");
    this.submitButton.title = working ? "Add this to the running turn (Enter)" : "Send (Enter)";
    this.stopButton.hidden = !working;
    this.showWhetherEmpty();
  }

  focus(): void {
    this.input.focus();
  }

  private typed(): void {
    this.grow();
    this.showWhetherEmpty();
    this.onTyped(this.input.value);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.altKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  private submit(): void {
    const text = this.input.value;
    if (text.trim() !== "" && !this.input.disabled) this.send({ type: "submit", text });
  }

  private showWhetherEmpty(): void {
    // Not `disabled`: a button that loses the focus by that leaves the keyboard nowhere.
    const isEmpty = this.input.value.trim() === "";
    this.submitButton.setAttribute("aria-disabled", String(isEmpty || this.input.disabled));
  }

  private grow(): void {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
  }
}

function placeholderOf(state: ViewState): string {
  switch (activityOf(state)) {
    case "readOnly":
      return "Another program writes this thread";
    case "working":
    case "waiting":
      return "Add to the running turn…";
    case "none":
      return "Ask, or say what is to be done…";
    default:
      return "Go on…";
  }
}

function chipPart(chip: ContextChip, send: Send): Part<ContextChip> {
  const label = element("span", {});
  const remove = button("×", () => send({ type: "removeChip", id: chip.id }), "icon");
  const node = element("span", { class: "chip", attributes: { role: "listitem" } }, label, remove);
  return {
    node,
    update: (shown) => {
      setText(label, shown.label);
      node.title = shown.path;
      node.classList.toggle("automatic", shown.automatic);
      remove.setAttribute("aria-label", `Remove ${shown.label}`);
    },
  };
}
