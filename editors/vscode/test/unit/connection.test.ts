import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { ServerNotification, ServerRequest } from "contract";
import { Connection, ConnectionLost, RequestRefused } from "../../src/host/connection";

function connected() {
  const input = new PassThrough();
  const output = new PassThrough();
  const heard: ServerNotification[] = [];
  const asked: ServerRequest[] = [];
  const nonsense: string[] = [];
  const connection = new Connection(input, output, {
    onNotification: (message) => heard.push(message),
    onRequest: (message) => asked.push(message),
    onNonsense: (line) => nonsense.push(line),
  });
  const sent = (): unknown[] =>
    String(output.read() ?? "").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const hears = async (...lines: (object | string)[]): Promise<void> => {
    input.write(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)) + "\n").join(""));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { connection, input, sent, hears, heard, asked, nonsense };
}

test("answers find their requests in whatever order they come", async () => {
  const { connection, sent, hears } = connected();
  const first = connection.request("approval/list", {});
  const second = connection.request("model/list", {});
  assert.deepEqual(sent(), [
    { id: 1, method: "approval/list", params: {} },
    { id: 2, method: "model/list", params: {} },
  ]);
  await hears({ id: 2, result: { data: ["b"] } }, { id: 1, result: { data: ["a"] } });
  assert.deepEqual([await first, await second], [{ data: ["a"] }, { data: ["b"] }]);
});

test("whoever asked goes on before what follows the answer is told", async () => {
  const { connection, hears, heard } = connected();
  const request = connection.request("model/list", {}).then(() => heard.length);
  await hears({ id: 1, result: {} }, { method: "thread/closed", params: { threadId: "t" } });
  assert.equal(await request, 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(heard.length, 1);
});

test("what came before the end is told", async () => {
  const { input, heard } = connected();
  input.end('{"id":9,"result":{}}\n{"method":"thread/closed","params":{"threadId":"t"}}\n');
  await new Promise((resolve) => input.once("close", resolve));
  assert.equal(heard.length, 1);
});

test("a refusal carries its code, its words and its kind", async () => {
  const { connection, hears } = connected();
  const request = connection.request("thread/resume", { threadId: "x" });
  const refused = assert.rejects(request, (error: RequestRefused) => {
    assert.deepEqual([error.code, error.message, error.kind], [-32600, "busy", "threadBusy"]);
    return true;
  });
  await hears({ id: 1, error: { code: -32600, message: "busy", data: { kind: "threadBusy" } } });
  await refused;
});

test("requests that are open when the server ends fail, and so do later ones", async () => {
  const { connection, input } = connected();
  const open = connection.request("model/list", {});
  input.destroy();
  await assert.rejects(open, ConnectionLost);
  await assert.rejects(connection.request("model/list", {}), ConnectionLost);
});

test("requests of the server are told from notifications and answered by their id", async () => {
  const { connection, sent, hears, heard, asked } = connected();
  await hears(
    { id: "q", method: "item/fileChange/requestApproval", params: { itemId: "i" } },
    { method: "thread/closed", params: { threadId: "t" } },
  );
  assert.deepEqual(asked.map((message) => message.id), ["q"]);
  assert.deepEqual(heard, [{ method: "thread/closed", params: { threadId: "t" } }]);
  connection.respond("q", { decision: "accept" });
  assert.deepEqual(sent(), [{ id: "q", result: { decision: "accept" } }]);
});

test("a line that is no message is told of, and the next one is read", async () => {
  const { hears, heard, nonsense } = connected();
  await hears("Traceback", "[1]", "", { method: "thread/closed", params: { threadId: "t" } });
  assert.deepEqual(nonsense, ["Traceback", "[1]"]);
  assert.equal(heard.length, 1);
});

test("a message that comes in pieces, cut within a character, is whole", async () => {
  const { input, heard } = connected();
  const line = Buffer.from('{"method":"warning","params":{"message":"naïve ✓"}}\r\n');
  for (const byte of line) input.write(Buffer.from([byte]));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, [{ method: "warning", params: { message: "naïve ✓" } }]);
});
