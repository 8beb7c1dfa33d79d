/** A home, a project and a model script for the real server, all below one folder. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../src/host/findProgram";
import type { ServerCommand } from "../../src/host/serverProcess";

export type Output = Record<string, unknown> & { type: string };
export interface Step {
  when?: string;
  output: Output[];
  usage?: { inputTokens?: number; outputTokens?: number };
}

export class Place {
  readonly root = mkdtempSync(join(tmpdir(), "codex-rpc-vscode-"));
  readonly home = join(this.root, "home");
  readonly project = join(this.root, "project");
  readonly script = join(this.root, "script.jsonl");

  constructor(...steps: Step[]) {
    mkdirSync(this.home);
    mkdirSync(this.project);
    this.play(...steps);
  }

  play(...steps: Step[]): void {
    writeFileSync(this.script, steps.map((step) => `${JSON.stringify(step)}\n`).join(""));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text);
  }

  /** MCP servers, by name. */
  configure({ mcp_servers }: { mcp_servers: Record<string, { command: string; args: string[] }> }): void {
    const tables = Object.entries(mcp_servers).map(
      ([name, { command, args }]) =>
        `[mcp_servers.${name}]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
    );
    writeFileSync(join(this.home, "config.toml"), tables.join("\n"));
  }

  /** What makes the script the model. */
  get arguments(): string[] {
    const path = `model_providers.script.script_path=${JSON.stringify(this.script)}`;
    return ["-c", "model_provider=script", "-c", path];
  }

  get environment(): Record<string, string> {
    return { CODEX_HOME: this.home, HOME: this.root };
  }

  command(program: string): ServerCommand {
    return {
      program,
      arguments: this.arguments,
      environment: { ...process.env, ...this.environment },
      folder: this.project,
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The server to test with: `CODEX_RPC`, or what is on the `PATH`; `null` if there is none. */
export function serverProgram(): string | null {
  return findProgram(process.env["CODEX_RPC"] ?? "codex-rpc", process.env);
}

// --- what the model says -------------------------------------------------------------------------

export function says(text: string): Output {
  return { type: "text", text };
}

export function saysSlowly(text: string, delayMs: number, chunkSize = 4): Output {
  return { type: "text", text, chunkSize, delayMs };
}

export function calls(name: string, given: Record<string, unknown>): Output {
  return { type: "functionCall", name, arguments: given };
}

export function runs(script: string): Output {
  return calls("shell_command", { command: script, login: false });
}

export function patches(body: string): Output {
  const input = `*** Begin Patch\n${body}*** End Patch\n`;
  return { type: "customToolCall", name: "apply_patch", input };
}
