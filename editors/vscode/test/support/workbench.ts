/** A real workbench: code-server with the packaged extension, seen through Chromium. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { type Browser, chromium, type FrameLocator, type Page } from "playwright-core";
import { findProgram } from "../../src/host/findProgram";
import { type Place, serverProgram } from "./place";

const PATIENCE_MS = 20_000;

export interface Programs {
  codeServer: string;
  browser: string;
  server: string;
}

/** What a workbench is made of: what the environment names, or what is on the `PATH`. */
export function programs(): Programs {
  const found = (variable: string, name: string): string => {
    const program = findProgram(process.env[variable] ?? name, process.env);
    if (program === null) throw new Error(`no ${name} on the PATH, and none that ${variable} names`);
    return program;
  };
  const server = serverProgram();
  if (server === null) throw new Error("no codex-rpc on the PATH, and none that CODEX_RPC names");
  return { codeServer: found("CODE_SERVER", "code-server"), browser: found("CHROMIUM", "chromium"), server };
}

export interface WorkbenchOptions extends Programs {
  settings?: Record<string, unknown>;
  trusted?: boolean;
}

export class Workbench {
  private constructor(
    private readonly process: ChildProcess,
    private readonly browser: Browser,
    readonly page: Page,
  ) {}

  static async open(place: Place, options: WorkbenchOptions): Promise<Workbench> {
    const settings = {
      "codexRpc.serverPath": options.server,
      "codexRpc.serverArguments": place.arguments,
      "codexRpc.serverEnvironment": place.environment,
      "workbench.startupEditor": "none",
      "workbench.colorTheme": "Default Dark Modern",
      "workbench.tips.enabled": false,
      "window.commandCenter": false,
      "chat.commandCenter.enabled": false,
      "workbench.secondarySideBar.defaultVisibility": "hidden",
      "extensions.ignoreRecommendations": true,
      "git.enabled": false,
      "security.workspace.trust.startupPrompt": "never",
      ...options.settings,
    };
    writeSettings(place, settings);
    const common = ["--user-data-dir", join(place.root, "user"), "--extensions-dir", join(place.root, "extensions")];
    const environment = { ...process.env, HOME: place.root };
    execFileSync(options.codeServer, [...common, "--install-extension", resolve("codex-rpc.vsix")], {
      env: environment,
      stdio: "pipe",
    });
    const port = await freePort();
    const trust = options.trusted === false ? [] : ["--disable-workspace-trust"];
    const address = `127.0.0.1:${port}`;
    const child = spawn(
      options.codeServer,
      [...common, "--bind-addr", address, "--auth", "none", "--disable-telemetry", "--disable-update-check", ...trust, place.project],
      { env: environment, stdio: "pipe", detached: true },
    );
    await listening(child);
    const browser = await chromium.launch({
      executablePath: options.browser,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`http://${address}/?folder=${encodeURIComponent(place.project)}`);
    await page.locator(".monaco-workbench .activitybar").waitFor();
    return new Workbench(child, browser, page);
  }

  /** The page of the conversation view. */
  get view(): FrameLocator {
    return this.page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame");
  }

  async openView(): Promise<void> {
    await this.page.locator('.activitybar [aria-label^="Codex RPC"]').first().click();
    await this.view.locator(".prompt textarea").waitFor();
  }

  async command(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.page.locator(".quick-input-widget input").fill(`>${title}`);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor();
    await this.page.keyboard.press("Enter");
  }

  async submit(text: string): Promise<void> {
    const prompt = this.view.locator(".prompt textarea");
    await prompt.fill(text);
    await prompt.press("Enter");
  }

  /** Wait until no turn is running. */
  async idle(): Promise<void> {
    await this.view.locator('.status[data-activity="idle"]').waitFor();
  }

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+P");
    await this.page.locator(".quick-input-widget input").fill(name);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor();
    await this.page.keyboard.press("Enter");
    await this.page.locator(`.tab[data-resource-name="${name}"]`).waitFor();
  }

  async theme(label: string, kind: "vs" | "vs-dark" | "hc-black"): Promise<void> {
    await this.page.locator(".statusbar").click({ position: { x: 400, y: 10 } });
    await this.page.keyboard.press("Control+K");
    await this.page.keyboard.press("Control+T");
    const input = this.page.locator('.quick-input-widget input[placeholder*="Color Theme"]');
    await input.fill(label);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first().waitFor();
    await input.press("Enter");
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor();
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator(".monaco-workbench .activitybar").waitFor();
    await this.view.locator(".prompt textarea").waitFor();
  }

  async screenshot(path: string): Promise<void> {
    // Away from what explains itself under the mouse.
    await this.page.mouse.move(800, 500);
    await this.page.locator(".workbench-hover").waitFor({ state: "hidden" });
    await this.page.screenshot({ path });
  }

  async close(): Promise<void> {
    await this.browser.close();
    // It is the leader of a group of its own, so that none of its hosts is left.
    if (this.process.pid !== undefined) process.kill(-this.process.pid, "SIGTERM");
    await new Promise((done) => this.process.once("exit", done));
  }
}

/** The servers that work in a place, by what is on their command line. */
export function serversOf(place: Place): number[] {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => {
    const words = commandLine(id);
    return words.includes("app-server") && words.some((word) => word.includes(place.script));
  });
}

function commandLine(id: number): string[] {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function writeSettings(place: Place, settings: Record<string, unknown>): void {
  const folder = join(place.root, "user", "User");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(child: ChildProcess): Promise<void> {
  await new Promise<void>((done, failed) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("HTTP server listening")) done();
    });
    child.once("exit", (code) => failed(new Error(`code-server has ended with ${code}`)));
  });
}
