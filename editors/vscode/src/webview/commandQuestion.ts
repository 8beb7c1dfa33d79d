/** May this command run? The buttons are the decisions that the server offers. */

import type {
  CommandExecutionRequestApprovalParams,
  CommandExecutionRequestApprovalResponse,
} from "contract";
import { button, element } from "./element";
import { decisionsOf, wordsOf } from "./questionWords";
import type { QuestionContent } from "./questionsView";

export function commandQuestion(
  params: CommandExecutionRequestApprovalParams,
  answer: (response: CommandExecutionRequestApprovalResponse) => void,
): QuestionContent {
  const title = params.kind === "writeStdin" ? "Type this into a running command?" : "Run this command?";
  const command = params.command ?? "";
  const attributes = { tabindex: "0", "aria-label": "Command" };
  const children = [
    element("h2", {}, title),
    element("pre", { class: "whole", attributes }, command),
    ...(params.cwd ? [element("div", { class: "note" }, `in ${params.cwd}`)] : []),
    ...(params.reason ? [element("p", { class: "reason" }, params.reason)] : []),
    element(
      "div",
      { class: "buttons" },
      ...decisionsOf(params).map((decision, index) =>
        button(wordsOf(decision), () => answer({ decision }), index === 0 ? "primary" : "secondary"),
      ),
    ),
  ];
  return { label: `${title} ${command}`, children };
}
