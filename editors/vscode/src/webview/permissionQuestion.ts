/** May the agent do more than its sandbox lets it? All that it asks for, or nothing. */

import type { PermissionsRequestApprovalParams, PermissionsRequestApprovalResponse } from "contract";
import { button, element } from "./element";
import { wishesOf } from "./questionWords";
import type { QuestionContent } from "./questionsView";

export function permissionQuestion(
  { permissions, reason }: PermissionsRequestApprovalParams,
  answer: (response: PermissionsRequestApprovalResponse) => void,
): QuestionContent {
  const title = "Allow the agent more?";
  const wishes = wishesOf(permissions).map((wish) => element("li", {}, wish));
  const children = [
    element("h2", {}, title),
    element("ul", { class: "wishes" }, ...wishes),
    ...(reason ? [element("p", { class: "reason" }, reason)] : []),
    element(
      "div",
      { class: "buttons" },
      button("Allow for this turn", () => answer({ permissions, scope: "turn" }), "primary"),
      button("Allow in this thread", () => answer({ permissions, scope: "session" })),
      button("Decline", () => answer({ permissions: {} })),
    ),
  ];
  return { label: `${title} ${wishesOf(permissions).join("; ")}`, children };
}
