// An MCP server with one tool, which asks the user for a few simple values and says what came.
import { createInterface } from "node:readline";

const TOOL = {
  name: "ask",
  description: "Asks who is there.",
  inputSchema: { type: "object", properties: {} },
  annotations: { readOnlyHint: true },
};
const FORM = {
  type: "object",
  properties: {
    name: { type: "string", title: "Name" },
    colour: { type: "string", title: "Colour", enum: ["r", "g"], enumNames: ["Red", "Green"] },
    sure: { type: "boolean", title: "Sure" },
  },
  required: ["name"],
};

let call = null;

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function resultOf({ method, params }) {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "asker", version: "1" },
      };
    case "tools/list":
      return { tools: [TOOL] };
    default:
      return {};
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.method === "tools/call") {
    call = message.id;
    const params = { message: "Who is there?", requestedSchema: FORM };
    send({ id: "form", method: "elicitation/create", params });
  } else if (message.id === "form") {
    const text = JSON.stringify(message.result?.content ?? message);
    send({ id: call, result: { content: [{ type: "text", text }] } });
  } else if (message.id !== undefined) {
    send({ id: message.id, result: resultOf(message) });
  }
});
