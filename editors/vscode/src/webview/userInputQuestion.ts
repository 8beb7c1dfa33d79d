/** Questions of the agent's: one of some options, or own words, which may be secret. */

import type {
  ToolRequestUserInputParams,
  ToolRequestUserInputQuestion,
  ToolRequestUserInputResponse,
} from "contract";
import { button, element } from "./element";
import type { QuestionContent } from "./questionsView";

interface Field {
  id: string;
  node: HTMLElement;
  answers(): string[];
}

/** Names radio buttons that belong together. */
let groups = 0;

export function userInputQuestion(
  { questions }: ToolRequestUserInputParams,
  answer: (response: ToolRequestUserInputResponse) => void,
): QuestionContent {
  const fields = questions.map(fieldOf);
  const given = (of: (field: Field) => string[]): ToolRequestUserInputResponse => ({
    answers: Object.fromEntries(fields.map((field) => [field.id, { answers: of(field) }])),
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    answer(given((field) => field.answers()));
  };
  const send = element("button", { class: "button primary", attributes: { type: "submit" } }, "Answer");
  const skip = button("Skip", () => answer(given(() => [])));
  const buttons = element("div", { class: "buttons" }, send, skip);
  const nodes = fields.map((field) => field.node);
  const form = element("form", { on: { submit } }, ...nodes, buttons);
  return { label: questions.map((each) => each.question).join(" "), children: [form] };
}

function fieldOf(question: ToolRequestUserInputQuestion): Field {
  const { id, header, options } = question;
  const choices = options?.length ? choicesOf(options.map((each) => [each.label, each.description])) : null;
  const words = !choices || question.isOther ? wordsField(question, choices !== null) : null;
  const node = element(
    "fieldset",
    {},
    element("legend", {}, header),
    element("p", {}, question.question),
    ...(choices ? [choices.node] : []),
    ...(words ? [words.node] : []),
  );
  return {
    id,
    node,
    answers: () => [...(choices?.chosen() ?? []), ...(words?.said() ?? [])],
  };
}

function choicesOf(options: [string, string][]): { node: HTMLElement; chosen(): string[] } {
  const name = `choice-${++groups}`;
  const inputs = options.map(([label], index) =>
    element("input", { attributes: { type: "radio", name, value: label, checked: index === 0 } }),
  );
  const rows = options.map(([label, description], index) =>
    element(
      "label",
      { class: "choice" },
      inputs[index] ?? null,
      element("span", {}, element("b", {}, label), description ? ` ${description}` : null),
    ),
  );
  return {
    node: element("div", { class: "choices" }, ...rows),
    chosen: () => inputs.filter((input) => input.checked).map((input) => input.value),
  };
}

function wordsField(
  { isSecret, question }: ToolRequestUserInputQuestion,
  isBesideChoices: boolean,
): { node: HTMLElement; said(): string[] } {
  const label = isBesideChoices ? "In other words, or in addition" : question;
  const input = element("input", {
    attributes: {
      type: isSecret ? "password" : "text",
      autocomplete: "off",
      "aria-label": label,
      placeholder: isBesideChoices ? label : null,
    },
  });
  return { node: input, said: () => (input.value.trim() === "" ? [] : [input.value]) };
}
