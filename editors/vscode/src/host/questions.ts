/**
 * The questions of the server: who asks, which of them are shown, and their answers.
 *
 * Shown are those of the open thread and of the agents it has started; the others wait until their
 * thread is opened.
 */

import type { RequestId, ServerNotification, ServerRequest } from "contract";
import type { Answer, Question, QuestionMethod } from "../state/state";
import type { Store } from "./store";
import type { Supervisor } from "./supervisor";

interface Open {
  question: Question;
  requestId: RequestId;
}

interface Agent {
  parent: string;
  name: string | null;
}

const METHOD_NOT_FOUND = -32601;

export class Questions {
  private readonly open = new Map<string, Open>();
  private readonly agents = new Map<string, Agent>();

  constructor(
    private readonly server: Supervisor,
    private readonly store: Store,
    private readonly onAsked: (question: Question, isShown: boolean) => void,
  ) {}

  ask(message: ServerRequest): void {
    if (!isQuestion(message)) {
      const text = `This client does not answer ${message.method}.`;
      this.server.connection?.refuse(message.id, METHOD_NOT_FOUND, text);
      return;
    }
    const key = message.params.approvalId ?? String(message.id);
    const isNew = !this.open.has(key);
    const agent = this.agents.get(message.params.threadId)?.name ?? null;
    const question = { key, method: message.method, params: message.params, agent } as Question;
    this.open.set(key, { question, requestId: message.id });
    const isShown = this.concerns(question, this.store.state.thread?.id);
    if (isShown) this.store.dispatch({ type: "asked", question });
    if (isNew) this.onAsked(question, isShown);
  }

  answer(key: string, answer: Answer): void {
    const asked = this.open.get(key);
    if (!asked) return;
    this.server.connection?.respond(asked.requestId, answer);
    this.settle(key);
  }

  isOpen(key: string): boolean {
    return this.open.has(key);
  }

  hear(message: ServerNotification): void {
    if (message.method === "serverRequest/resolved") {
      const { approvalId, requestId } = message.params;
      const byRequest = [...this.open].find(([, asked]) => asked.requestId === requestId);
      const key = approvalId ?? byRequest?.[0];
      if (key !== undefined) this.settle(key);
    } else if (message.method === "thread/started" && message.params.thread.parentThreadId) {
      const { id, parentThreadId, agentNickname } = message.params.thread;
      this.agents.set(id, { parent: parentThreadId, name: agentNickname ?? "agent" });
    }
  }

  /** Show the questions of the thread that was opened, and no others. */
  switchTo(threadId: string | null): void {
    for (const { key } of this.store.state.questions) this.store.dispatch({ type: "settled", key });
    for (const { question } of this.open.values()) {
      if (this.concerns(question, threadId ?? undefined)) {
        this.store.dispatch({ type: "asked", question });
      }
    }
  }

  /** The server that asked them is gone. */
  clear(): void {
    this.open.clear();
    this.agents.clear();
  }

  private settle(key: string): void {
    this.open.delete(key);
    this.store.dispatch({ type: "settled", key });
  }

  private concerns({ params }: Question, threadId: string | undefined): boolean {
    let asking: string | undefined = params.threadId;
    while (asking !== undefined && asking !== threadId) asking = this.agents.get(asking)?.parent;
    return asking !== undefined;
  }
}

function isQuestion(
  message: ServerRequest,
): message is Extract<ServerRequest, { method: QuestionMethod }> {
  const known: Record<QuestionMethod, true> = {
    "item/commandExecution/requestApproval": true,
    "item/fileChange/requestApproval": true,
    "item/permissions/requestApproval": true,
    "item/tool/requestUserInput": true,
    "mcpServer/elicitation/request": true,
  };
  return message.method in known;
}
