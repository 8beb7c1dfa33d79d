/** The extension: makes the parts, connects them, and takes them apart. */

import * as vscode from "vscode";
import { Client } from "./client";

let client: Client | null = null;

export function activate(context: vscode.ExtensionContext): void {
  client = new Client(context);
  context.subscriptions.push(client);
}

/** The window waits for this for a while, so that the server can end what it is doing. */
export async function deactivate(): Promise<void> {
  await client?.stop();
  client = null;
}
