/** The open questions, right above the prompt. */

import type { Question } from "../state/state";
import { commandQuestion } from "./commandQuestion";
import { element } from "./element";
import { elicitationQuestion } from "./elicitationQuestion";
import { fileQuestion } from "./fileQuestion";
import { KeyedList } from "./keyed";
import { permissionQuestion } from "./permissionQuestion";
import type { Send } from "./send";
import { userInputQuestion } from "./userInputQuestion";

export class QuestionsView {
  readonly node = element("section", { class: "questions", attributes: { "aria-label": "Questions" } });
  private readonly list: KeyedList<Question>;

  constructor(
    send: Send,
    private readonly onLeft: () => void,
  ) {
    this.list = new KeyedList(
      this.node,
      (question) => question.key,
      (question) => ({ node: questionNode(question, send), update: () => undefined }),
    );
  }

  update(questions: Question[]): void {
    const hadFocus = this.node.contains(document.activeElement);
    this.list.update(questions);
    this.node.hidden = questions.length === 0;
    if (hadFocus && !this.node.contains(document.activeElement)) this.onLeft();
  }
}

function questionNode(question: Question, send: Send): HTMLElement {
  const content = contentOf(question, send);
  const from = question.agent === null ? null : element("div", { class: "note" }, `Asked by ${question.agent}`);
  const attributes = { role: "group", "aria-label": content.label };
  return element("div", { class: "question", attributes }, from, ...content.children);
}

export interface QuestionContent {
  label: string;
  children: HTMLElement[];
}

function contentOf(question: Question, send: Send): QuestionContent {
  const { key } = question;
  switch (question.method) {
    case "item/commandExecution/requestApproval":
      return commandQuestion(question.params, (answer) => send({ type: "answer", key, answer }));
    case "item/fileChange/requestApproval":
      return fileQuestion(question.params, (answer) => send({ type: "answer", key, answer }), send);
    case "item/permissions/requestApproval":
      return permissionQuestion(question.params, (answer) => send({ type: "answer", key, answer }));
    case "item/tool/requestUserInput":
      return userInputQuestion(question.params, (answer) => send({ type: "answer", key, answer }));
    case "mcpServer/elicitation/request":
      return elicitationQuestion(question.params, (answer) => send({ type: "answer", key, answer }), send);
  }
}
