import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, patchedSides, sidesOf } from "../../src/host/patchSides";

const BEFORE = "one\ntwo\nthree\nfour\n";
const AFTER = "one\nTWO\nthree\nfour\n";
const HUNK = "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n";
const UPDATE = { path: "/a", kind: { type: "update" as const, move_path: null }, diff: HUNK };

test("a patch that was applied is taken back from the file", () => {
  assert.deepEqual(sidesOf(UPDATE, AFTER, true), { before: BEFORE, after: AFTER, partial: false });
});

test("a patch that is proposed is applied to the file", () => {
  assert.deepEqual(sidesOf(UPDATE, BEFORE, false), { before: BEFORE, after: AFTER, partial: false });
});

test("a patch that was undone since is shown as it was", () => {
  assert.deepEqual(sidesOf(UPDATE, BEFORE, true), { before: BEFORE, after: AFTER, partial: false });
});

test("a file that has moved on or is gone leaves the hunks", () => {
  const alone = { before: "one\ntwo\nthree", after: "one\nTWO\nthree", partial: true };
  assert.deepEqual(sidesOf(UPDATE, "something else\n", true), alone);
  assert.deepEqual(sidesOf(UPDATE, null, true), alone);
});

test("new and deleted files have one side", () => {
  const diff = "text\n";
  const added = { path: "/a", kind: { type: "add" as const }, diff };
  const deleted = { path: "/a", kind: { type: "delete" as const }, diff };
  assert.deepEqual(sidesOf(added, diff, true), { before: "", after: diff, partial: false });
  assert.deepEqual(sidesOf(deleted, null, true), { before: diff, after: "", partial: false });
});

test("a turn's diff comes apart by its files", () => {
  const part = (name: string): string => `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n${HUNK}`;
  const gone = part("old").replace("+++ b/old", "+++ /dev/null");
  const files = filesOf(part("src/x") + part("y z") + gone);
  assert.deepEqual([...files.keys()], ["src/x", "y z", "old"]);
  assert.equal(patchedSides(files.get("y z") ?? "", AFTER, true).before, BEFORE);
});
