/** What can be answered to a question, and in which words that is offered. */

import type {
  CommandExecutionApprovalDecision,
  CommandExecutionRequestApprovalParams,
  PermissionProfile,
} from "contract";

type Decision = CommandExecutionApprovalDecision;

/** What is offered; a server that says nothing of it offers what every server knows. */
export function decisionsOf(params: CommandExecutionRequestApprovalParams): Decision[] {
  if (params.availableDecisions?.length) return params.availableDecisions;
  const prefix = params.proposedExecpolicyAmendment;
  const always: Decision[] = prefix?.length
    ? [{ acceptWithExecpolicyAmendment: { execpolicy_amendment: prefix } }]
    : [];
  return ["accept", "acceptForSession", ...always, "decline", "cancel"];
}

export function wordsOf(decision: Decision): string {
  if (typeof decision === "object") {
    const prefix = decision.acceptWithExecpolicyAmendment.execpolicy_amendment.join(" ");
    return `Always allow “${prefix}”`;
  }
  return DECISION_WORDS[decision];
}

export const DECISION_WORDS = {
  accept: "Allow",
  acceptForSession: "Allow in this thread",
  decline: "Decline",
  cancel: "Stop the turn",
};

/** What a permission would let the agent do. */
export function wishesOf({ fileSystem, network }: PermissionProfile): string[] {
  return [
    ...(network?.enabled ? ["Use the network"] : []),
    ...(fileSystem?.write ?? []).map((path) => `Write ${path}`),
    ...(fileSystem?.read ?? []).map((path) => `Read ${path}`),
    ...(fileSystem?.entries ?? []).map((entry) => JSON.stringify(entry)),
  ];
}
