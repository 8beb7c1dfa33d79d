"""What a user of `codex-python-sdk-unofficial` does, and what comes of it: one line of JSON.

Run as `program CODEX PROJECT`.
"""

# pyright: basic, reportMissingImports=false

import asyncio
import json
import sys

from codex_agent_sdk import AppServerConfig, CodexOptions, CodexSDKClient, query

codex_bin, project = sys.argv[1:]
server = AppServerConfig(codex_bin=codex_bin, cwd=project)
options = CodexOptions(cwd=project, sandbox_mode="workspace-write", approval_policy="on-request")
seen = {}


async def main():
    kinds = [type(e).__name__ async for e in query(prompt="Hi", options=options, app_server=server)]
    seen["query"] = kinds
    async with CodexSDKClient(options, server) as client:
        thread_id = await client.start_thread()
        for text in ("Hi", "run echo one > one.txt", "create made.txt"):
            turn = await client.query(text)
            result = await turn.wait()
            seen[text] = [result.status, result.assistant_text]
        fork = await client.fork_thread()
        seen["forked"] = fork != thread_id
        turn = await client.query("Hi")
        seen["in the fork"] = (await turn.wait()).assistant_text
    async with CodexSDKClient(options, server) as client:
        await client.resume_thread(thread_id)
        turn = await client.query("Hi")
        seen["resumed"] = (await turn.wait()).assistant_text


asyncio.run(main())
sys.stdout.write(json.dumps(seen))
