/** The host's copy of the state, and who wants to hear of changes. */

import type { Action } from "../state/action";
import { reduce } from "../state/reduce";
import { INITIAL, type ViewState } from "../state/state";

export type Listener = (state: ViewState, action: Action, before: ViewState) => void;

export class Store {
  private current: ViewState = INITIAL;
  private readonly listeners = new Set<Listener>();
  private notices = 0;

  get state(): ViewState {
    return this.current;
  }

  dispatch(action: Action): void {
    const before = this.current;
    this.current = reduce(before, action);
    if (this.current === before) return;
    for (const listener of [...this.listeners]) listener(this.current, action, before);
  }

  subscribe(listener: Listener): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  notice(severity: "warning" | "error", text: string): void {
    this.dispatch({ type: "notice", notice: { id: ++this.notices, severity, text } });
  }

  /** Show why something did not work. */
  failed(error: unknown): void {
    this.notice("error", error instanceof Error ? error.message : String(error));
  }
}
