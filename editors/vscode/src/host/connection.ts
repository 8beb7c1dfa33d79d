/**
 * A JSON-RPC connection: one JSON object a line, requests in both directions.
 *
 * It knows no method's meaning. What the server asks goes to `onRequest`, which answers whenever it
 * likes; what it tells goes to `onNotification`, in order.
 */

import type { Readable, Writable } from "node:stream";
import type {
  ClientNotifications,
  ClientRequests,
  RequestId,
  ServerNotification,
  ServerRequest,
} from "contract";
import { LineSplitter } from "./lines";

export class RequestRefused extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly kind: string | null,
  ) {
    super(message);
  }
}

/** The server is gone, so that nobody knows what became of the request. */
export class ConnectionLost extends Error {
  constructor() {
    super("The server has ended before it answered.");
  }
}

export interface ConnectionEvents {
  onNotification(message: ServerNotification): void;
  onRequest(message: ServerRequest): void;
  /** A line that is no JSON object. */
  onNonsense(line: string): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface Incoming {
  id?: RequestId | null;
  method?: string;
  result?: unknown;
  error?: { code: number; message: string; data?: { kind?: string } | null };
}

export class Connection {
  private lastId = 0;
  private closed = false;
  private inbox: string[] = [];
  private isReading = false;
  private readonly pending = new Map<RequestId, Pending>();

  constructor(
    input: Readable,
    private readonly output: Writable,
    private readonly events: ConnectionEvents,
  ) {
    const lines = new LineSplitter((line) => this.inbox.push(line));
    input.on("data", (chunk: Buffer) => {
      lines.write(chunk);
      if (!this.isReading) this.read();
    });
    input.on("close", () => this.close());
    // The input's end says the same, and later; without a listener the error would be thrown.
    output.on("error", () => this.close());
  }

  request<M extends keyof ClientRequests>(
    method: M,
    params: ClientRequests[M]["params"],
  ): Promise<ClientRequests[M]["result"]> {
    if (this.closed) return Promise.reject(new ConnectionLost());
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as Pending["resolve"], reject });
      this.send({ id, method, params: params ?? {} });
    });
  }

  notify<M extends keyof ClientNotifications>(
    method: M,
    params?: ClientNotifications[M]["params"],
  ): void {
    this.send(params === undefined ? { method } : { method, params });
  }

  respond(id: RequestId, result: unknown): void {
    this.send({ id, result });
  }

  refuse(id: RequestId, code: number, message: string): void {
    this.send({ id, error: { code, message } });
  }

  /** Take in the rest, and fail what has not been answered. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const line of this.inbox.splice(0)) this.receive(line);
    const open = [...this.pending.values()];
    this.pending.clear();
    for (const request of open) request.reject(new ConnectionLost());
  }

  private send(message: object): void {
    if (!this.closed) this.output.write(`${JSON.stringify(message)}\n`);
  }

  /**
   * Take in what has come. What follows an answer waits until those who asked have had their turn:
   * the notifications after `thread/resume` are about a thread that is only now being opened.
   */
  private read(): void {
    const lines = this.inbox;
    this.isReading = true;
    let index = 0;
    let answered = false;
    while (index < lines.length && !answered) answered = this.receive(lines[index++] ?? "");
    this.inbox = lines.slice(index);
    if (this.inbox.length > 0) setImmediate(() => this.read());
    else this.isReading = false;
  }

  /** Whether the line was an answer. */
  private receive(line: string): boolean {
    const message = parse(line);
    const isAnswer = message !== null && message.method === undefined;
    if (message === null) {
      this.events.onNonsense(line);
    } else if (message.method !== undefined && message.id !== undefined) {
      this.events.onRequest(message as ServerRequest);
    } else if (message.method !== undefined) {
      this.events.onNotification(message as ServerNotification);
    } else if (message.id !== undefined && message.id !== null) {
      this.settle(message.id, message);
    }
    return isAnswer;
  }

  private settle(id: RequestId, { error, result }: Incoming): void {
    const request = this.pending.get(id);
    this.pending.delete(id);
    if (error) {
      request?.reject(new RequestRefused(error.code, error.message, error.data?.kind ?? null));
    } else {
      request?.resolve(result);
    }
  }
}

function parse(line: string): Incoming | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
