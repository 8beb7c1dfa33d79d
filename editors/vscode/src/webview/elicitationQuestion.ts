/** A question of an MCP server's: a form of simple values, or a page to go to. */

import type {
  McpServerElicitationRequestParams,
  McpServerElicitationRequestResponse,
} from "contract";
import { button, element } from "./element";
import { type FormField, formFields, valueOf } from "./elicitationForm";
import type { QuestionContent } from "./questionsView";
import type { Send } from "./send";

type Answer = (response: McpServerElicitationRequestResponse) => void;

export function elicitationQuestion(
  params: McpServerElicitationRequestParams,
  answer: Answer,
  send: Send,
): QuestionContent {
  const head = [
    element("h2", {}, params.serverName),
    element("p", { class: "reason" }, params.message),
  ];
  const body = params.mode === "url" ? urlBody(params, answer, send) : formBody(params, answer);
  return { label: `${params.serverName}: ${params.message}`, children: [...head, body] };
}

function formBody(params: McpServerElicitationRequestParams, answer: Answer): HTMLElement {
  const fields = formFields(params.requestedSchema ?? {});
  const inputs = fields.map((field) => ({ field, ...inputOf(field) }));
  const submit = (event: Event): void => {
    event.preventDefault();
    const content = inputs.flatMap(({ field, read }) => {
      const value = valueOf(field, read());
      return value === undefined ? [] : [[field.name, value] as const];
    });
    answer({ action: "accept", content: Object.fromEntries(content) });
  };
  const accept = element(
    "button",
    { class: "button primary", attributes: { type: "submit" } },
    fields.length > 0 ? "Submit" : "Allow",
  );
  return element("form", { on: { submit } }, ...inputs.map(({ node }) => node), refusals(answer, accept));
}

function urlBody({ url }: McpServerElicitationRequestParams, answer: Answer, send: Send): HTMLElement {
  const open = button("Open page", () => {
    send({ type: "openLink", href: url ?? "" });
    answer({ action: "accept" });
  }, "primary");
  return element("div", {}, element("pre", { class: "whole" }, url ?? ""), refusals(answer, open));
}

function refusals(answer: Answer, accept: HTMLElement): HTMLElement {
  const decline = button("Decline", () => answer({ action: "decline" }));
  const cancel = button("Cancel", () => answer({ action: "cancel" }));
  return element("div", { class: "buttons" }, accept, decline, cancel);
}

function inputOf(field: FormField): { node: HTMLElement; read(): string | boolean | string[] } {
  const words = element("span", {}, field.title, field.required ? " *" : null);
  const note = field.description ? element("span", { class: "note" }, field.description) : null;
  if (field.kind === "boolean") {
    const input = element("input", { attributes: { type: "checkbox", checked: field.initial === true } });
    return { node: element("label", { class: "choice" }, input, words, note), read: () => input.checked };
  }
  if (field.kind === "choice" || field.kind === "choices") {
    const input = choiceInput(field);
    const node = element("label", { class: "field" }, words, note, input);
    const chosen = (): string[] => [...input.selectedOptions].map((option) => option.value);
    return { node, read: () => (field.kind === "choices" ? chosen() : input.value) };
  }
  const input = element("input", { attributes: { ...textAttributes(field), autocomplete: "off" } });
  return { node: element("label", { class: "field" }, words, note, input), read: () => input.value };
}

function choiceInput(field: FormField): HTMLSelectElement {
  const multiple = field.kind === "choices";
  const empty = multiple || field.required ? [] : [element("option", { attributes: { value: "" } }, "—")];
  const options = field.options.map(([value, label]) =>
    element("option", { attributes: { value, selected: value === field.initial } }, label),
  );
  return element("select", { attributes: { multiple, required: field.required } }, ...empty, ...options);
}

function textAttributes(field: FormField): Record<string, string | boolean | null> {
  const isNumber = field.kind === "number" || field.kind === "integer";
  return {
    type: isNumber ? "number" : field.kind === "email" || field.kind === "url" ? field.kind : "text",
    step: isNumber ? (field.kind === "integer" ? "1" : "any") : null,
    min: field.minimum === null ? null : String(field.minimum),
    max: field.maximum === null ? null : String(field.maximum),
    required: field.required,
    value: field.initial === null ? null : String(field.initial),
  };
}
