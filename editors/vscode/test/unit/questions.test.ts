import assert from "node:assert/strict";
import { test } from "node:test";
import { formFields, valueOf } from "../../src/webview/elicitationForm";
import { decisionsOf, wishesOf, wordsOf } from "../../src/webview/questionWords";

const COMMAND = {
  threadId: "t", turnId: "u", itemId: "i", approvalId: "a", startedAtMs: 1,
  kind: "command" as const, environmentId: "local",
};

test("the decisions that the server offers are offered, in its order", () => {
  const amendment = { acceptWithExecpolicyAmendment: { execpolicy_amendment: ["npm", "test"] } };
  const decisions = decisionsOf({ ...COMMAND, availableDecisions: ["accept", amendment, "cancel"] });
  assert.deepEqual(decisions.map(wordsOf), ["Allow", "Always allow “npm test”", "Stop the turn"]);
});

test("a server that offers no decisions takes those that all know", () => {
  const words = decisionsOf({ ...COMMAND, proposedExecpolicyAmendment: ["npm"] }).map(wordsOf);
  assert.deepEqual(words, ["Allow", "Allow in this thread", "Always allow “npm”", "Decline", "Stop the turn"]);
});

test("permissions are told one by one", () => {
  const wishes = wishesOf({ network: { enabled: true }, fileSystem: { write: ["/a"], read: ["/b"] } });
  assert.deepEqual(wishes, ["Use the network", "Write /a", "Read /b"]);
});

test("a schema of simple values becomes a form, and entries become values", () => {
  const fields = formFields({
    properties: {
      name: { type: "string", title: "Your name", default: "Ada" },
      count: { type: "integer", minimum: 1 },
      colour: { enum: ["r", "g"], enumNames: ["Red", "Green"] },
      sizes: { type: "array", items: { anyOf: [{ const: "s", title: "Small" }] } },
      sure: { type: "boolean" },
      mail: { type: "string", format: "email" },
    },
    required: ["name"],
  });
  const kinds = fields.map((field) => [field.title, field.kind, field.required]);
  assert.deepEqual(kinds, [
    ["Your name", "text", true],
    ["count", "integer", false],
    ["colour", "choice", false],
    ["sizes", "choices", false],
    ["sure", "boolean", false],
    ["mail", "email", false],
  ]);
  const entered = ["", "3", "g", ["s"], true, ""];
  const values = fields.map((field, index) => valueOf(field, entered[index] ?? ""));
  assert.deepEqual(values, ["", 3, "g", ["s"], true, undefined]);
});
