/**
 * Keeps a server running: starts it, introduces the client, starts it anew when it has ended.
 *
 * The wait before a new start doubles with each end that comes soon after the start; after a few of
 * those the supervisor gives up until somebody asks for the server again.
 */

import type { ClientRequests, ServerNotification, ServerRequest } from "contract";
import type { ServerPhase } from "../state/state";
import { type Connection, ConnectionLost } from "./connection";
import { type ServerCommand, type ServerEnd, ServerProcess } from "./serverProcess";

export interface SupervisorEvents {
  onPhase(phase: ServerPhase, detail: string | null): void;
  onNotification(message: ServerNotification): void;
  onRequest(message: ServerRequest): void;
  onLog(line: string): void;
}

export interface Patience {
  firstWaitMs: number;
  longestWaitMs: number;
  /** A server that has run so long is not blamed for its start. */
  settledMs: number;
  attempts: number;
}

const PATIENCE: Patience = { firstWaitMs: 500, longestWaitMs: 8000, settledMs: 10_000, attempts: 5 };

export class Supervisor {
  private current: ServerProcess | null = null;
  private introduced: Promise<Connection> | null = null;
  private failures = 0;
  private wanted = false;
  private timer: NodeJS.Timeout | null = null;
  private waiting: { resolve(): void }[] = [];

  constructor(
    private readonly command: () => ServerCommand,
    private readonly client: { name: string; title: string; version: string },
    private readonly events: SupervisorEvents,
    private readonly patience: Patience = PATIENCE,
  ) {}

  get pid(): number | undefined {
    return this.current?.pid;
  }

  /** The connection to a running server, which is started if there is none. */
  async ready(): Promise<Connection> {
    this.wanted = true;
    while (this.introduced === null && this.timer !== null) {
      await new Promise<void>((resolve) => this.waiting.push({ resolve }));
      if (!this.wanted) throw new ConnectionLost();
    }
    this.introduced ??= this.start();
    return this.introduced;
  }

  async request<M extends keyof ClientRequests>(
    method: M,
    params: ClientRequests[M]["params"],
  ): Promise<ClientRequests[M]["result"]> {
    return (await this.ready()).request(method, params);
  }

  /** The connection there is at the moment, if any. */
  get connection(): Connection | null {
    return this.current?.connection ?? null;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.failures = 0;
    await this.ready();
  }

  async stop(): Promise<void> {
    this.wanted = false;
    this.endWait();
    const running = this.current;
    this.current = this.introduced = null;
    if (running) await running.stop();
    this.events.onPhase("stopped", null);
  }

  private async start(): Promise<Connection> {
    this.events.onPhase("starting", null);
    const began = Date.now();
    let server: ServerProcess;
    try {
      server = new ServerProcess(this.command(), {
        onNotification: (message) => this.events.onNotification(message),
        onRequest: (message) => this.events.onRequest(message),
        onNonsense: (line) => this.events.onLog(`not a message: ${line.slice(0, 200)}`),
        onStderr: (line) => this.events.onLog(line),
      });
    } catch (error) {
      this.introduced = null;
      this.events.onPhase("failed", error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.current = server;
    void server.ended.then((end) => this.onEnd(server, end, Date.now() - began));
    await server.connection.request("initialize", {
      clientInfo: this.client,
      capabilities: { experimentalApi: true },
    });
    server.connection.notify("initialized");
    this.events.onPhase("ready", null);
    return server.connection;
  }

  private onEnd(server: ServerProcess, end: ServerEnd, ranMs: number): void {
    server.connection.close();
    if (server !== this.current) return;
    this.current = this.introduced = null;
    if (!this.wanted) return;
    const how = describe(end);
    this.events.onLog(how);
    this.failures = ranMs >= this.patience.settledMs ? 1 : this.failures + 1;
    if (this.failures > this.patience.attempts) {
      this.failures = 0;
      this.endWait();
      this.events.onPhase("failed", how);
      return;
    }
    const { firstWaitMs, longestWaitMs } = this.patience;
    const wait = Math.min(firstWaitMs * 2 ** (this.failures - 1), longestWaitMs);
    this.timer = setTimeout(() => {
      this.endWait();
      // How a start fails is told by the phase.
      this.ready().catch(() => undefined);
    }, wait);
    this.events.onPhase("waiting", how);
  }

  private endWait(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    for (const each of this.waiting.splice(0)) each.resolve();
  }
}

function describe({ code, signal, reason }: ServerEnd): string {
  if (code === null && signal === null) return `The server could not be started: ${reason ?? "?"}`;
  const how = signal ? `by ${signal}` : `with exit code ${code}`;
  return reason ? `The server has ended ${how}: ${reason}` : `The server has ended ${how}.`;
}
