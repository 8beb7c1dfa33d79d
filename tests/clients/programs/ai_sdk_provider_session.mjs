// What a user of `ai-sdk-provider-codex-cli` does, and what comes of it: one line of JSON at the end.
// Run as `node program CODEX PROJECT`.

import { createCodexAppServer, createSdkMcpServer, tool } from "ai-sdk-provider-codex-cli";
import { z } from "zod";

const [codexPath, cwd] = process.argv.slice(2);
const asked = [];

const shout = tool({
  name: "shout",
  description: "Shout.",
  parameters: z.object({ word: z.string() }),
  execute: async ({ word }) => word.toUpperCase(),
});

const provider = createCodexAppServer({
  defaultSettings: {
    codexPath,
    cwd,
    threadMode: "persistent",
    approvalPolicy: "on-request",
    sandboxPolicy: "workspace-write",
    logger: false,
    mcpServers: { local: createSdkMcpServer({ name: "local", tools: [shout] }) },
    serverRequests: {
      onCommandExecutionApproval: async ({ params }) => {
        asked.push(["command", params.command]);
        return { decision: params.command.includes("no.txt") ? "decline" : "accept" };
      },
      onMcpElicitation: async ({ params }) => {
        asked.push(["elicitation", params.serverName, params._meta?.codex_approval_kind ?? null]);
        return { action: "accept", content: { name: "Ada" } };
      },
    },
  },
});
const model = provider("gpt-5.5");

async function turn(text) {
  const prompt = [{ role: "user", content: [{ type: "text", text }] }];
  const { stream } = await model.doStream({ prompt });
  const parts = [];
  for await (const part of stream) parts.push(part);
  const of = (type) => parts.filter((part) => part.type === type);
  const [finish] = of("finish");
  return {
    text: of("text-delta").map((part) => part.delta).join(""),
    tools: of("tool-call").map((part) => part.toolName),
    results: of("tool-result").filter((part) => !part.preliminary).map((part) => part.result.status),
    finish: finish.finishReason.raw,
    tokens: finish.usage.inputTokens.total,
  };
}

const seen = {};
seen.text = await turn("Hi");
seen.command = await turn("run echo one > one.txt");
seen.accepted = await turn("escalate touch yes.txt");
seen.declined = await turn("escalate touch no.txt");
seen.patch = await turn("create made.txt");
seen.ownTool = await turn('call mcp__local/shout {"word": "hey"}');
seen.elicited = await turn("call mcp__asker/greet {}");
seen.models = (await provider.listModels()).models.length > 0;
seen.asked = asked;
await provider.close();
process.stdout.write(JSON.stringify(seen));
