/** The settings, and what trust in the workspace makes of them. */

import * as os from "node:os";
import * as vscode from "vscode";
import type { AskForApproval, SandboxMode, SandboxPolicy } from "contract";
import { findProgram } from "./findProgram";
import type { ServerCommand } from "./serverProcess";

const SERVER = "codex-rpc";

/** Limits that a new or resumed thread is given; what is left out is the server's configuration. */
export interface ThreadLimits {
  sandbox?: SandboxMode;
  approvalPolicy?: AskForApproval;
}

/** Limits that a turn is given. */
export interface TurnLimits {
  sandboxPolicy?: SandboxPolicy;
  approvalPolicy?: AskForApproval;
}

export class Settings {
  /** The folder the agent works in. */
  get folder(): string {
    return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? os.homedir();
  }

  get includeOpenFile(): boolean {
    return this.configuration.get("includeOpenFile", true);
  }

  /** @throws if there is no such program. */
  serverCommand(): ServerCommand {
    const environment = { ...process.env, ...this.own<Record<string, string>>("serverEnvironment", {}) };
    const wanted = this.own("serverPath", "") || SERVER;
    const program = findProgram(wanted, environment);
    if (program === null) {
      throw new Error(
        `The server \`${wanted}\` was not found. Install it with \`pip install codex-rpc\`, or say ` +
          "where it is with the setting `codexRpc.serverPath`.",
      );
    }
    return {
      program,
      arguments: this.own<string[]>("serverArguments", []),
      environment,
      folder: this.folder,
    };
  }

  threadLimits(): ThreadLimits {
    if (!vscode.workspace.isTrusted) return { sandbox: "read-only", approvalPolicy: "untrusted" };
    const sandbox = this.own<SandboxMode | "">("sandbox", "");
    const approvalPolicy = this.own<Extract<AskForApproval, string> | "">("approvalPolicy", "");
    return { ...(sandbox && { sandbox }), ...(approvalPolicy && { approvalPolicy }) };
  }

  /** What holds for each turn, whatever the thread was started with. */
  turnLimits(): TurnLimits {
    if (vscode.workspace.isTrusted) return {};
    return { sandboxPolicy: { type: "readOnly" }, approvalPolicy: "untrusted" };
  }

  private get configuration(): vscode.WorkspaceConfiguration {
    return vscode.workspace.getConfiguration("codexRpc");
  }

  /** The user's own value: what a workspace says of it does not count, whoever wrote that. */
  private own<T>(name: string, otherwise: T): T {
    return this.configuration.inspect<T>(name)?.globalValue ?? otherwise;
  }
}
