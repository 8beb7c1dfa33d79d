/** The types the client is compiled with are those of the server it is tested with. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serverProgram } from "../support/place";

const program = serverProgram();

test("the contract is the server's", { skip: program ? false : "there is no codex-rpc" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "codex-rpc-contract-"));
  try {
    execFileSync(program ?? "", ["app-server", "generate-ts", "--experimental", "--out", folder]);
    const [generated, compiled] = [join(folder, "codex-rpc.ts"), "../../schema/codex-rpc.ts"].map((path) =>
      readFileSync(path, "utf8"),
    );
    assert.ok(generated === compiled, "schema/codex-rpc.ts is out of date: run `codex-rpc schema`");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
