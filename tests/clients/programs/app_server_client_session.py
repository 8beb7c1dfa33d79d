"""What a user of `codex-app-server-client` does, and what comes of it: one line of JSON at the end.

Run as `program CODEX PROJECT`.
"""

# pyright: basic, reportMissingImports=false

import asyncio
import json
import sys

from codex_app_server_client import CodexAppServer
from codex_app_server_client.types.misc import CommandExecParams, ConfigReadParams
from codex_app_server_client.types.threads import (
    ThreadForkParams,
    ThreadListParams,
    ThreadReadParams,
    ThreadRollbackParams,
    ThreadStartParams,
)

codex_bin, project = sys.argv[1:]
seen = {}


async def accept(method, params):
    seen.setdefault("asked", []).append([method, params["command"]])
    return {"decision": "accept"}


async def main():
    async with CodexAppServer(codex_bin=codex_bin) as codex:
        low = codex.low_level
        low.on_server_request("item/commandExecution/requestApproval", accept)
        params = ThreadStartParams(cwd=project, sandbox="workspace-write")
        thread = await codex.start_thread(params)
        for text in ("Hi", "run echo one > one.txt", "escalate touch two.txt"):
            result = await thread.run(text, timeout_s=30)
            seen[text] = [result.status, [item["type"] for item in result.items]]
        seen["usage"] = result.usage.total.total_tokens
        streamed = [type(event).__name__ async for event in thread.run_streamed("Hi")]
        seen["streamed"] = sorted(set(streamed))
        await low.thread_set_name(thread.id, "A name")
        fork = await low.thread_fork(ThreadForkParams(thread_id=thread.id))
        back = await low.thread_rollback(
            ThreadRollbackParams(thread_id=fork.thread.id, num_turns=1)
        )
        seen["turns"] = [len(fork.thread.turns), len(back.thread.turns)]
        seen["listed"] = len((await low.thread_list(ThreadListParams())).data)
        read = await low.thread_read(ThreadReadParams(thread_id=thread.id, include_turns=True))
        seen["read"] = len(read.thread.turns)
        await low.thread_archive(fork.thread.id)
        seen["model"] = (await low.config_read(ConfigReadParams())).config["model"]
        seen["account"] = (await low.account_read()).account
        ran = await low.command_exec(CommandExecParams(command=["echo", "direct"], cwd=project))
        seen["direct"] = [ran.exit_code, ran.stdout]
        seen["skills"] = len((await low.skills_list()).data)
        seen["servers"] = [server.name for server in (await low.mcp_server_status_list()).data]
    async with CodexAppServer(codex_bin=codex_bin) as codex:
        thread = await codex.resume_thread(thread.id)
        seen["resumed"] = (await thread.run("Hi", timeout_s=30)).final_response


asyncio.run(main())
sys.stdout.write(json.dumps(seen))
