/** The page of the view: holds its copy of the state and keeps the parts of the page up to date. */

import type { ToHost, ToView } from "../state/messages";
import { reduce } from "../state/reduce";
import { INITIAL, type ViewState } from "../state/state";
import { Announcer } from "./announcer";
import { Banners } from "./banners";
import { Conversation } from "./conversation";
import { Prompt } from "./prompt";
import { QuestionsView } from "./questionsView";
import { StatusLine } from "./statusLine";

/** What is kept of a page that is closed. */
interface Saved {
  draft: string;
}

declare function acquireVsCodeApi(): {
  postMessage(message: ToHost): void;
  getState(): Saved | undefined;
  setState(saved: Saved): void;
};

class Page {
  private readonly host = acquireVsCodeApi();
  private state: ViewState = INITIAL;
  private frame = 0;
  private readonly send = (message: ToHost): void => this.host.postMessage(message);
  private readonly prompt = new Prompt(this.send, (text) => this.typed(text));
  private readonly questions = new QuestionsView(this.send, () => this.prompt.focus());
  private readonly conversation = new Conversation(this.send);
  private readonly banners = new Banners(this.send);
  private readonly statusLine = new StatusLine();
  private readonly announcer = new Announcer();

  open(): void {
    const parts = [this.banners, this.conversation, this.questions, this.prompt, this.statusLine, this.announcer];
    document.body.replaceChildren(...parts.map((part) => part.node));
    window.addEventListener("message", ({ data }: MessageEvent<ToView>) => this.receive(data));
    this.send({ type: "ready", draft: this.host.getState()?.draft ?? "" });
  }

  private receive(message: ToView): void {
    switch (message.type) {
      case "state":
        this.state = message.state;
        return this.soon();
      case "actions":
        this.state = message.actions.reduce(reduce, this.state);
        return this.soon();
      case "focusPrompt":
        return this.prompt.focus();
    }
  }

  private typed(text: string): void {
    this.state = reduce(this.state, { type: "typed", text });
    this.host.setState({ draft: text });
    this.send({ type: "typed", text });
  }

  private soon(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  private render(): void {
    const { state } = this;
    this.host.setState({ draft: state.prompt.text });
    this.banners.update(state);
    this.questions.update(state.questions);
    this.prompt.update(state);
    this.statusLine.update(state);
    this.conversation.update(state);
    this.announcer.update(state);
  }
}

new Page().open();
