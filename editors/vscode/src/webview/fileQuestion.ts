/** May these files change? */

import type {
  ApprovalDecision,
  FileChangeRequestApprovalParams,
  FileChangeRequestApprovalResponse,
} from "contract";
import { button, element } from "./element";
import { baseName, lineCounts } from "./patchWords";
import { DECISION_WORDS } from "./questionWords";
import type { QuestionContent } from "./questionsView";
import type { Send } from "./send";

const DECISIONS: ApprovalDecision[] = ["accept", "acceptForSession", "decline", "cancel"];

export function fileQuestion(
  params: FileChangeRequestApprovalParams,
  answer: (response: FileChangeRequestApprovalResponse) => void,
  send: Send,
): QuestionContent {
  const { changes, itemId, reason } = params;
  const title = changes.length === 1 ? "Change this file?" : `Change these ${changes.length} files?`;
  const rows = changes.map((change) => {
    const { added, removed } = lineCounts(change);
    const open = button(baseName(change.path), () => send({ type: "openDiff", itemId, path: change.path }), "link");
    open.title = change.path;
    return element("li", {}, open, element("span", { class: "counts" }, `+${added} −${removed}`));
  });
  const buttons = DECISIONS.map((decision, index) =>
    button(DECISION_WORDS[decision], () => answer({ decision }), index === 0 ? "primary" : "secondary"),
  );
  buttons.splice(1, 0, button("Show diff", () => send({ type: "openDiff", itemId, path: null })));
  const children = [
    element("h2", {}, title),
    element("ul", { class: "files" }, ...rows),
    ...(reason ? [element("p", { class: "reason" }, reason)] : []),
    element("div", { class: "buttons" }, ...buttons),
  ];
  return { label: `${title} ${changes.map((change) => baseName(change.path)).join(", ")}`, children };
}
