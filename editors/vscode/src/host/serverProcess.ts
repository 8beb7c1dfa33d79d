/**
 * One run of the server: the child process and the connection over its pipes.
 *
 * Who starts it anew after its end is the supervisor.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { Connection, type ConnectionEvents } from "./connection";
import { LineSplitter } from "./lines";

export interface ServerCommand {
  program: string;
  arguments: string[];
  environment: NodeJS.ProcessEnv;
  folder: string;
}

export interface ServerEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last line it wrote to stderr, or why it could not be started. */
  reason: string | null;
}

export interface ServerProcessEvents extends ConnectionEvents {
  onStderr(line: string): void;
}

/** What the server needs to end its commands after its input has ended. */
const GRACE_MS = 3000;

export class ServerProcess {
  readonly connection: Connection;
  readonly ended: Promise<ServerEnd>;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private lastWords: string | null = null;

  constructor(command: ServerCommand, events: ServerProcessEvents) {
    this.child = spawn(command.program, ["app-server", ...command.arguments], {
      cwd: command.folder,
      env: command.environment,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      // Node starts no .cmd or .bat without a shell.
      shell: /\.(cmd|bat)$/i.test(command.program),
    });
    const stderr = new LineSplitter((line) => {
      this.lastWords = line;
      events.onStderr(line);
    });
    this.child.stderr.on("data", (chunk: Buffer) => stderr.write(chunk));
    this.connection = new Connection(this.child.stdout, this.child.stdin, events);
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) =>
        resolve({ code: null, signal: null, reason: error.message }),
      );
      this.child.once("close", (code, signal) => resolve({ code, signal, reason: this.lastWords }));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** End it: its input first, then, if that does not do, by force. */
  async stop(): Promise<void> {
    this.child.stdin.end();
    const timers = [
      setTimeout(() => this.child.kill("SIGTERM"), GRACE_MS),
      setTimeout(() => this.child.kill("SIGKILL"), GRACE_MS + 1000),
    ];
    await this.ended;
    for (const timer of timers) clearTimeout(timer);
    this.connection.close();
  }
}
