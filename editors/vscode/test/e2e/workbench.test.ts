/** The extension in a real workbench, with the real server and a scripted model. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Locator } from "playwright-core";
import { calls, patches, Place, runs, says, saysSlowly } from "../support/place";
import { programs, serversOf, Workbench } from "../support/workbench";

const SHOTS = "screenshots";
const PLAN = [
  { step: "Find the failing test", status: "completed" },
  { step: "Correct the total", status: "in_progress" },
  { step: "Run the tests again", status: "pending" },
];
const ANSWER = `The total leaves out the **first** entry. Three things follow:

1. \`total([])\` is right by accident.
2. Every other sum is too small, see [cart.py](cart.py:2).

\`\`\`python
def total(prices):
    return sum(prices)
\`\`\`

| call | is | should be |
|---|---|---|
| \`total([1, 2])\` | 2 | 3 |
`;

function hasFocus(locator: Locator): Promise<boolean> {
  return locator.evaluate((node) => node === node.ownerDocument.activeElement);
}

describe("the extension in a workbench", { timeout: 600_000 }, () => {
  let place: Place;
  let workbench: Workbench;

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    place = new Place(
      {
        when: "total",
        output: [
          { type: "reasoning", summary: ["**Reading the code**\n\nThe slice begins at one."] },
          calls("update_plan", { plan: PLAN }),
          saysSlowly(ANSWER, 15),
          { type: "rateLimits", primaryUsedPercent: 12, primaryWindowMinutes: 300 },
        ],
        usage: { inputTokens: 12_400, outputTokens: 210 },
      },
      { when: "total", output: [says("Shall I correct it?")] },
      { when: "tests", output: [runs("for n in 1 2 3; do echo test $n passed; sleep 0.3; done")] },
      { when: "tests", output: [says("All three pass.")] },
      {
        when: "correct",
        output: [patches("*** Update File: cart.py\n@@\n def total(prices):\n-    return sum(prices[1:])\n+    return sum(prices)\n")],
      },
      { when: "correct", output: [says("Corrected.")] },
      {
        when: "name",
        output: [{ ...calls("ask", {}), namespace: "mcp__asker" }],
      },
      { when: "name", output: [says("Thank you.")] },
      {
        when: "more",
        output: [patches("*** Add File: a.py\n+a = 1\n*** Add File: b.py\n+b = 2\n")],
      },
      { when: "more", output: [says("Two more.")] },
      { when: "story", output: [saysSlowly("Once upon a time ".repeat(400), 30)] },
      {
        when: "choose",
        output: [
          calls("request_user_input", {
            questions: [
              {
                id: "style",
                header: "Style",
                question: "Which rounding?",
                options: [
                  { label: "Half even", description: "as banks do" },
                  { label: "Half up", description: "as people do" },
                ],
              },
            ],
          }),
        ],
      },
      { when: "choose", output: [says("So be it.")] },
      { when: "stall", output: [{ type: "stall" }] },
    );
    place.configure({ mcp_servers: { asker: { command: "node", args: [resolve("test/support/askingServer.mjs")] } } });
    place.write("cart.py", "def total(prices):\n    return sum(prices[1:])\n");
    const settings = { "codexRpc.sandbox": "danger-full-access", "codexRpc.approvalPolicy": "untrusted" };
    workbench = await Workbench.open(place, { ...programs(), settings });
    await workbench.openFile("cart.py");
    await workbench.openView();
  });

  after(async () => {
    await workbench?.close();
    place?.remove();
  });

  test("a message is answered with Markdown that is seen while it streams", async () => {
    await workbench.submit("Why is the total wrong?");
    const { view } = workbench;
    await view.locator(".item.agent", { hasText: "Three things" }).waitFor();
    await view.locator('.status[data-activity="working"]').waitFor();
    await workbench.idle();
    await view.locator(".item.agent table").waitFor();
    await view.locator(".step.inProgress", { hasText: "Correct the total" }).waitFor();
    await view.locator(".item.user .chip", { hasText: "cart.py" }).waitFor();
    await view.locator(".status .usage", { hasText: "5 h: 12 %" }).waitFor();
    await workbench.screenshot(`${SHOTS}/dark-answer.png`);
  });

  test("a command runs once the keyboard has allowed it, and its output is seen", async () => {
    await workbench.submit("Run the tests");
    const { view } = workbench;
    const question = view.locator(".question", { hasText: "Run this command?" });
    await question.waitFor();
    await workbench.screenshot(`${SHOTS}/dark-approval.png`);
    const allow = question.getByRole("button", { name: "Allow", exact: true });
    const prompt = view.locator(".prompt textarea");
    await prompt.focus();
    for (let steps = 0; steps < 10 && !(await hasFocus(allow)); steps += 1) {
      await workbench.page.keyboard.press("Shift+Tab");
    }
    await workbench.page.keyboard.press("Enter");
    await question.waitFor({ state: "detached" });
    assert.ok(await hasFocus(prompt));
    const output = view.locator(".command .output");
    await output.filter({ hasText: "test 1 passed" }).waitFor();
    await workbench.idle();
    await output.waitFor({ state: "hidden" });
    await view.locator(".command summary").click();
    await output.filter({ hasText: "test 3 passed" }).waitFor();
    await view.locator(".command summary").click();
  });

  test("a proposed patch is shown in the diff editor before it is applied", async () => {
    await workbench.submit("Please correct it");
    const { view, page } = workbench;
    const question = view.locator(".question", { hasText: "Change this file?" });
    await question.getByRole("button", { name: "Show diff" }).click();
    await page.locator(".tab", { hasText: "cart.py (proposed change)" }).waitFor();
    await page.locator(".monaco-diff-editor .modified .view-line", { hasText: "sum(prices)" }).waitFor();
    await page.locator(".monaco-diff-editor .original .view-line", { hasText: "sum(prices[1:])" }).waitFor();
    await workbench.screenshot(`${SHOTS}/dark-diff.png`);
    await workbench.theme("Light Modern", "vs");
    await workbench.screenshot(`${SHOTS}/light-diff.png`);
    await question.getByRole("button", { name: "Allow", exact: true }).click();
    await workbench.idle();
    await page.locator(".tab", { hasText: "(proposed change)" }).waitFor({ state: "detached" });
    await view.getByRole("button", { name: "Open diff of cart.py" }).click();
    await page.locator(".tab", { hasText: "cart.py (change)" }).waitFor();
    await view.getByRole("button", { name: "View all changes" }).click();
    await page.locator(".tab", { hasText: "cart.py (changes of the turn)" }).waitFor();
  });

  test("a patch of several files is shown in one editor", async () => {
    await workbench.submit("Write more");
    const { view, page } = workbench;
    const question = view.locator(".question", { hasText: "Change these 2 files?" });
    await question.getByRole("button", { name: "Show diff" }).click();
    const tab = page.locator(".tab", { hasText: "Codex RPC: proposed change (2 files)" });
    await tab.waitFor();
    await page.locator(".modified .view-line", { hasText: "b = 2" }).waitFor();
    await question.getByRole("button", { name: "Allow in this thread" }).click();
    await view.locator(".item.agent", { hasText: "Two more." }).waitFor();
    await workbench.idle();
    await tab.waitFor({ state: "detached" });
    await view.getByRole("button", { name: "Open all" }).click();
    await page.locator(".tab", { hasText: "Codex RPC: change (2 files)" }).waitFor();
  });

  test("a question of the agent's is answered with an option", async () => {
    await workbench.submit("Let me choose");
    const { view } = workbench;
    await view.getByRole("radio", { name: "Half up" }).check();
    await workbench.screenshot(`${SHOTS}/light-question.png`);
    await view.getByRole("button", { name: "Answer" }).click();
    await view.locator(".item.agent", { hasText: "So be it." }).waitFor();
    await workbench.idle();
  });

  test("an MCP server's form is filled in", async () => {
    await workbench.submit("Ask for the name");
    const { view } = workbench;
    const question = view.locator(".question", { hasText: "Who is there?" });
    await question.getByLabel("Name *").fill("Ada");
    await question.getByLabel("Colour").selectOption("Green");
    await question.getByLabel("Sure").check();
    await workbench.screenshot(`${SHOTS}/light-form.png`);
    await question.getByRole("button", { name: "Submit" }).click();
    await view.locator(".tool summary", { hasText: "asker: ask" }).click();
    await view.locator(".tool .output", { hasText: '{"name":"Ada","colour":"g","sure":true}' }).waitFor();
    await workbench.idle();
  });

  test("a running turn is steered and interrupted", async () => {
    await workbench.submit("Tell me a story");
    const { view } = workbench;
    await view.locator(".item.agent", { hasText: "Once upon" }).waitFor();
    await workbench.command("Codex RPC: Steer…");
    await workbench.page.locator(".quick-input-widget input").fill("Make it short");
    await workbench.page.keyboard.press("Enter");
    await view.locator(".item.user, .outbox .item", { hasText: "Make it short" }).first().waitFor();
    await view.getByRole("button", { name: "Stop" }).click();
    await view.locator(".ending", { hasText: "Interrupted." }).last().waitFor();
    await workbench.idle();
  });

  test("a reloaded window resumes the thread and keeps what was typed", async () => {
    const { view } = workbench;
    await view.locator(".prompt textarea").pressSequentially("half a thought");
    await workbench.page.waitForTimeout(1000);
    await workbench.reload();
    await view.locator(".item.agent", { hasText: "All three pass." }).waitFor();
    assert.equal(await view.locator(".prompt textarea").inputValue(), "half a thought");
    await workbench.page.locator(".tab", { hasText: "Codex RPC:" }).waitFor({ state: "detached" });
    await workbench.idle();
  });

  test("a server that is killed comes back, and nothing that was typed is lost", async () => {
    const { view } = workbench;
    const prompt = view.locator(".prompt textarea");
    await prompt.fill("stall");
    const [id] = serversOf(place);
    assert.ok(id !== undefined);
    // It hears nothing more: the message is sent, and never taken on record.
    process.kill(id, "SIGSTOP");
    await prompt.press("Enter");
    await view.locator(".outbox .item", { hasText: "stall" }).waitFor();
    await prompt.fill("and one thing more");
    process.kill(id, "SIGKILL");
    await view.locator(".banner.error", { hasText: "SIGKILL" }).waitFor();
    assert.equal(await prompt.inputValue(), "stall\n\nand one thing more");
    await workbench.screenshot(`${SHOTS}/light-server-ended.png`);
    await workbench.idle();
    await view.locator(".item.agent", { hasText: "All three pass." }).waitFor();
    assert.equal(await prompt.inputValue(), "stall\n\nand one thing more");
  });

  test("the conversation can be read in high contrast", async () => {
    await workbench.theme("Dark High Contrast", "hc-black");
    await workbench.screenshot(`${SHOTS}/contrast.png`);
    await workbench.theme("Light Modern", "vs");
    await workbench.screenshot(`${SHOTS}/light-conversation.png`);
  });
});
