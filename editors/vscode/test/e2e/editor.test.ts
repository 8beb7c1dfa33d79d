/** What the editor and the list of threads have to do with the agent; and a workspace nobody trusts. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Place, runs, says } from "../support/place";
import { programs, Workbench } from "../support/workbench";

function options(more: { trusted?: boolean } = {}) {
  const settings = { "codexRpc.sandbox": "danger-full-access", "codexRpc.approvalPolicy": "untrusted" };
  return { ...programs(), settings, ...more };
}

describe("the editor and the threads", { timeout: 300_000 }, () => {
  let place: Place;
  let workbench: Workbench;

  before(async () => {
    place = new Place(
      { when: "Fix", output: [says("The comma is gone.")] },
      { when: "Shorten", output: [says("It is short.")] },
      { when: "touch", output: [runs("touch it")] },
      { when: "touch", output: [says("Touched.")] },
      { output: [says("Well.")] },
    );
    place.write("broken.json", '{\n  "a": 1,,\n  "b": 2\n}\n');
    workbench = await Workbench.open(place, options());
    await workbench.openView();
    await workbench.openFile("broken.json");
  });

  after(async () => {
    await workbench?.close();
    place?.remove();
  });

  test("problems at the cursor are handed over with the lines around them", async () => {
    const { page, view } = workbench;
    await page.locator(".squiggly-error").first().waitFor();
    await page.locator(".view-line", { hasText: '"a"' }).click();
    await workbench.command("Codex RPC: Fix Problems at the Cursor");
    const message = view.locator(".item.user", { hasText: "in broken.json" });
    await message.locator(".chip", { hasText: "broken.json:1" }).waitFor();
    await view.locator(".item.agent", { hasText: "The comma is gone." }).waitFor();
    await workbench.idle();
  });

  test("a selection is submitted with what is to be done with it", async () => {
    const { page, view } = workbench;
    await page.locator(".view-line", { hasText: '"b"' }).click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await view.locator(".prompt .chip.automatic", { hasText: "broken.json:3" }).waitFor();
    await workbench.command("Codex RPC: Submit Selection…");
    await page.locator(".quick-input-widget input").fill("Shorten this");
    await page.keyboard.press("Enter");
    await view.locator(".item.user", { hasText: "Shorten this" }).locator(".chip", { hasText: "broken.json:3" }).waitFor();
    await view.locator(".item.agent", { hasText: "It is short." }).waitFor();
    await workbench.idle();
  });

  test("context that is taken away stays away", async () => {
    const { view } = workbench;
    await view.locator(".prompt .chip").getByRole("button").click();
    await view.locator(".prompt .chip").waitFor({ state: "detached" });
    await workbench.submit("Without context");
    const message = view.locator(".item.user", { hasText: "Without context" });
    await message.waitFor();
    await workbench.idle();
    assert.equal(await message.locator(".chip").count(), 0);
  });

  test("a question is asked by a notification while the view is hidden", async () => {
    const { page, view } = workbench;
    await workbench.submit("Please touch it");
    await page.locator('.activitybar [aria-label^="Explorer"]').first().click();
    const toast = page.locator(".notification-toast", { hasText: "wants to run: /bin/bash" });
    await toast.getByRole("button", { name: "Allow" }).click();
    await page.locator(".activitybar .badge", { hasText: "1" }).waitFor({ state: "hidden" });
    await workbench.openView();
    await view.locator(".item.agent", { hasText: "Touched." }).waitFor();
    await workbench.idle();
  });

  test("a thread is renamed, found, forked, archived and brought back", async () => {
    const { page, view } = workbench;
    const rows = page.locator(".part.sidebar .monaco-list-row");
    await workbench.command("Codex RPC: Rename Thread");
    await page.locator(".quick-input-widget input").fill("The comma");
    await page.keyboard.press("Enter");
    await rows.filter({ hasText: "The comma" }).waitFor();
    await workbench.command("Codex RPC: Fork Thread");
    await rows.nth(1).waitFor();
    await view.locator(".item.agent", { hasText: "Touched." }).waitFor();
    await workbench.command("Codex RPC: Archive Thread");
    await view.locator(".empty").waitFor();
    await rows.nth(1).waitFor({ state: "detached" });
    await workbench.command("Codex RPC: Search Threads");
    await page.locator(".quick-input-widget input").fill("short");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "The comma" }).waitFor();
    await page.keyboard.press("Enter");
    await view.locator(".item.agent", { hasText: "It is short." }).waitFor();
    await workbench.command("Codex RPC: Show Archived Threads");
    await rows.first().hover();
    await rows.first().getByRole("button", { name: "Bring Thread Back" }).click();
    await rows.first().waitFor({ state: "detached" });
    await workbench.command("Codex RPC: Show Current Threads");
    await rows.nth(1).waitFor();
  });
});

describe("a workspace that is not trusted", { timeout: 120_000 }, () => {
  let place: Place;
  let workbench: Workbench;

  before(async () => {
    place = new Place({ output: [says("I can only look.")] });
    const folder = join(place.project, ".vscode");
    mkdirSync(folder);
    const settings = { "codexRpc.serverPath": "/bin/false", "codexRpc.sandbox": "danger-full-access" };
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
    workbench = await Workbench.open(place, options({ trusted: false }));
  });

  after(async () => {
    await workbench?.close();
    place?.remove();
  });

  test("the agent may read only, and the workspace chooses no server", async () => {
    const { view } = workbench;
    await workbench.openView();
    await view.locator(".banner.info", { hasText: "not trusted" }).waitFor();
    await workbench.submit("Look");
    await view.locator(".item.agent", { hasText: "I can only look." }).waitFor();
    await view.locator(".status .settings", { hasText: "read-only" }).waitFor();
  });
});
