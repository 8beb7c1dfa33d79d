import assert from "node:assert/strict";
import { test } from "node:test";
import { promptInput, shownInput } from "../../src/state/promptInput";
import type { ContextChip } from "../../src/state/state";

const PART: ContextChip = {
  id: "1", path: "src/ü.ts", label: "ü.ts:2–3", lines: [2, 3], text: "a\nb", language: "typescript", automatic: false,
};
const FILE: ContextChip = { ...PART, id: "2", label: "ü.ts", lines: null, text: null };

test("context is text for the model and a label for people", () => {
  const input = promptInput("Wärum?", [PART, FILE]);
  const [part] = input;
  assert.ok(part?.type === "text");
  assert.equal(
    part.text,
    "Wärum?\n\nFrom `src/ü.ts`, lines 2 to 3:\n```typescript\na\nb\n```\n\nThe file `src/ü.ts` is open.",
  );
  assert.deepEqual(shownInput(input), { text: "Wärum?", labels: ["ü.ts:2–3", "ü.ts"] });
});

test("a fence is longer than those in the part", () => {
  const [part] = promptInput("x", [{ ...PART, text: "````\n" }]);
  assert.ok(part?.type === "text" && part.text.includes("`````typescript\n````\n\n`````"));
});

test("input of other clients is shown as it is", () => {
  assert.deepEqual(
    shownInput([
      { type: "text", text: "Look" },
      { type: "localImage", path: "/tmp/a.png" },
      { type: "skill", name: "review", path: "/s" },
    ]),
    { text: "Look", labels: ["a.png", "$review"] },
  );
});
