/** What is going on, with what settings, and what it has cost. */

import type { AskForApproval, RateLimitSnapshot, RateLimitWindow, SandboxPolicy } from "contract";
import { activityOf, wordsOf } from "../state/activity";
import type { ShownSettings, ViewState } from "../state/state";
import { element, setText } from "./element";

export class StatusLine {
  readonly node: HTMLElement;
  private readonly activity = element("span", { class: "activity" });
  private readonly settings = element("span", { class: "settings" });
  private readonly usage = element("span", { class: "usage" });

  constructor() {
    const attributes = { role: "group", "aria-label": "Status" };
    this.node = element("footer", { class: "status", attributes }, this.activity, this.settings, this.usage);
  }

  update(state: ViewState): void {
    const activity = activityOf(state);
    this.node.dataset["activity"] = activity;
    setText(this.activity, wordsOf(activity));
    const { settings, usage } = state.thread ?? {};
    setText(this.settings, settings ? settingsWords(settings) : "");
    this.settings.title = settings ? settingsHint(settings) : "";
    setText(this.usage, [usage ? usageWords(usage) : "", limitWords(state.rateLimits)].filter(Boolean).join(" · "));
    if (usage) this.usage.title = `${usage.total.totalTokens.toLocaleString()} tokens in the whole thread`;
  }
}

type Usage = NonNullable<NonNullable<ViewState["thread"]>["usage"]>;

export function usageWords({ last, modelContextWindow }: Usage): string {
  const used = short(last.totalTokens);
  if (!modelContextWindow) return `${used} tokens`;
  const percent = Math.round((last.totalTokens / modelContextWindow) * 100);
  return `${used} of ${short(modelContextWindow)} tokens (${percent} %)`;
}

export function limitWords(limits: RateLimitSnapshot | null): string {
  const windows = [limits?.primary, limits?.secondary].filter((each) => each != null);
  return windows.map(windowWords).join(", ");
}

function windowWords({ usedPercent, windowDurationMins }: RateLimitWindow): string {
  return `${durationWords(windowDurationMins)}: ${Math.round(usedPercent)} %`;
}

function durationWords(minutes: number | null): string {
  if (minutes === null) return "limit";
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 60 / 24)} d`;
}

function short(count: number): string {
  if (count < 1000) return String(count);
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

function settingsWords({ model, effort, sandbox }: ShownSettings): string {
  return [effort ? `${model} (${effort})` : model, SANDBOX_WORDS[sandbox.type]].join(" · ");
}

function settingsHint({ approvalPolicy, sandbox, enforcement }: ShownSettings): string {
  const holds = enforcement === null || enforcement === "notNeeded" ? "" : `, held by: ${enforcement}`;
  return `Approvals: ${approvalWords(approvalPolicy)}\nSandbox: ${SANDBOX_WORDS[sandbox.type]}${holds}`;
}

function approvalWords(policy: AskForApproval): string {
  return typeof policy === "string" ? policy : "granular";
}

const SANDBOX_WORDS: Record<SandboxPolicy["type"], string> = {
  readOnly: "read-only",
  workspaceWrite: "workspace",
  dangerFullAccess: "full access",
  externalSandbox: "external sandbox",
};
