"""A server in the middle of something, so that every method has something to work on."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_rpc.protocol.methods import METHODS
from tests.support import tiny_mcp
from tests.support.app import App
from tests.support.chatgpt import subscribed
from tests.support.model_script import runs, says
from tests.support.peer import ASKING, Peer
from tests.unit.managers.mcp.http_servers import Issuer, http_server

MESSAGE = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "For the record"}],
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "initialize": {"clientInfo": {"name": "contract", "version": "1"}},
    "thread/start": {"cwd": "$project"},
    "thread/resume": {"threadId": "$thread"},
    "thread/fork": {"threadId": "$thread"},
    "thread/revert": {"threadId": "$thread", "beforeTurnId": "$turn"},
    "thread/rollback": {"threadId": "$thread", "numTurns": 1},
    "thread/loaded/list": {},
    "thread/list": {},
    "thread/search": {"searchTerm": "Done"},
    "thread/archive": {"threadId": "$thread"},
    "thread/unarchive": {"threadId": "$archived"},
    "thread/delete": {"threadId": "$thread"},
    "thread/name/set": {"threadId": "$thread", "name": "A name"},
    "thread/metadata/update": {"threadId": "$thread", "gitInfo": {"branch": "main"}},
    "thread/read": {"threadId": "$thread", "includeTurns": True},
    "thread/turns/list": {"threadId": "$thread"},
    "thread/items/list": {"threadId": "$thread"},
    "thread/items/read": {"threadId": "$thread", "turnId": "$turn", "itemIds": ["no-item"]},
    "thread/unsubscribe": {"threadId": "$thread"},
    "thread/settings/update": {"threadId": "$thread", "effort": "high"},
    "thread/inject_items": {"threadId": "$thread", "items": [MESSAGE]},
    "thread/compact/start": {"threadId": "$thread"},
    "thread/shellCommand": {"threadId": "$thread", "command": "true"},
    "thread/backgroundTerminals/list": {"threadId": "$thread"},
    "thread/backgroundTerminals/terminate": {"threadId": "$thread", "processId": "1234"},
    "thread/backgroundTerminals/clean": {"threadId": "$thread"},
    "review/start": {"threadId": "$thread", "target": {"type": "uncommittedChanges"}},
    "turn/steer": {
        "threadId": "$thread",
        "expectedTurnId": "$turn",
        "input": [{"type": "text", "text": "More"}],
    },
    "turn/start": {"threadId": "$thread", "input": [{"type": "text", "text": "More"}]},
    "turn/submit": {"input": [{"type": "text", "text": "More"}]},
    "turn/interrupt": {"threadId": "$thread", "turnId": "$turn"},
    "approval/respond": {"approvalId": "$approval", "decision": "accept"},
    "approval/list": {},
    "model/list": {},
    "skills/list": {},
    "skills/extraRoots/set": {"extraRoots": []},
    "skills/config/write": {"path": "/writing/SKILL.md", "enabled": False},
    "modelProvider/list": {},
    "permissionProfile/list": {},
    "config/read": {},
    "config/value/write": {"keyPath": "model", "value": "other", "mergeStrategy": "replace"},
    "config/batchWrite": {"edits": []},
    "configRequirements/read": {},
    "mcpServerStatus/list": {},
    "mcpServer/tool/call": {
        "threadId": "$thread",
        "server": "notes",
        "tool": "add",
        "arguments": {"a": 1, "b": 2},
    },
    "mcpServer/resource/read": {"server": "notes", "uri": "note://first"},
    "mcpServer/oauth/login": {"name": "guarded"},
    "config/mcpServer/reload": {},
    "command/exec": {"command": ["true"]},
    "command/exec/write": {"processId": "shell", "deltaBase64": "SGk=", "closeStdin": True},
    "command/exec/resize": {"processId": "shell", "size": {"rows": 30, "cols": 100}},
    "command/exec/terminate": {"processId": "shell"},
    "account/read": {},
    "account/login/start": {"type": "apiKey", "apiKey": "key-of-the-scene"},
    "account/logout": {},
    "account/rateLimits/read": {},
    "getAuthStatus": {},
    "fs/readFile": {"path": "$file"},
    "fs/writeFile": {"path": "$new", "dataBase64": "SGk="},
    "fs/createDirectory": {"path": "$new"},
    "fs/getMetadata": {"path": "$project"},
    "fs/readDirectory": {"path": "$project"},
    "fs/remove": {"path": "$new"},
    "fs/copy": {"sourcePath": "$file", "destinationPath": "$new"},
    "fs/watch": {"watchId": "watch", "path": "$project"},
    "fs/unwatch": {"watchId": "watch"},
    "fuzzyFileSearch": {"query": "file", "roots": []},
    "fuzzyFileSearch/sessionStart": {"sessionId": "search", "roots": ["/nowhere"]},
    "fuzzyFileSearch/sessionUpdate": {"sessionId": "search", "query": "file"},
    "fuzzyFileSearch/sessionStop": {"sessionId": "search"},
}
"""For each request of the client, parameters that are accepted in a scene. A method that is not
here fails `test_every_request_has_an_example`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A client whose thread has a turn that waits for the answer to a question."""

    peer: Peer
    names: dict[str, str]

    def params(self, method: str, **changes: Any) -> dict[str, Any]:
        """The example parameters with what the scene has for `$names`, changed so."""
        example = {**EXAMPLES[method], **changes}
        return {
            name: self.names.get(value, value) if isinstance(value, str) else value
            for name, value in example.items()
        }


async def set_scene(app: App, method: str, **capabilities: Any) -> Scene:
    """The scene for one request; `initialize` needs a client that has said nothing yet."""
    if METHODS[method].experimental:
        capabilities = {"experimentalApi": True, **capabilities}
    if method == "account/rateLimits/read":
        app.streams.enter_context(subscribed(app.home))
    if method.startswith("command/exec"):
        (app.home / "config.toml").write_text('sandbox_mode = "danger-full-access"\n')
    if method == "mcpServer/oauth/login":
        guarded = app.streams.enter_context(http_server(Issuer(lifetime_s=3600)))
        (app.home / "config.toml").write_text(f'[mcp_servers.guarded]\nurl = "{guarded.url}"\n')
    elif method.startswith("mcpServer"):
        configure_mcp(app)
    peer = await app.connect(**capabilities)
    if method.startswith("command/exec/"):
        shell = {"command": ["cat"], "processId": "shell", "tty": True}
        await peer.request("command/exec", shell)
    archived = await archived_thread(peer) if method == "thread/unarchive" else ""
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    turn = await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    (app.project / "file.txt").write_text("Hi")
    if method == "fuzzyFileSearch/sessionUpdate":
        await peer.call("fuzzyFileSearch/sessionStart", EXAMPLES["fuzzyFileSearch/sessionStart"])
    names = {
        "$project": str(app.project),
        "$thread": thread["id"],
        "$turn": turn["id"],
        "$archived": archived,
        "$approval": question["params"]["approvalId"],
        "$file": str(app.project / "file.txt"),
        "$new": str(app.project / "new"),
    }
    return Scene(app.dial() if method == "initialize" else peer, names)


async def archived_thread(peer: Peer) -> str:
    """The id of a thread that was put away."""
    thread = await peer.start_thread([[says("Done")]])
    await peer.turn(thread)
    await peer.call("thread/archive", {"threadId": thread["id"]})
    return thread["id"]


def configure_mcp(app: App) -> None:
    """Have the user's file name an MCP server."""
    program = str(Path(tiny_mcp.__file__))
    arguments = json.dumps(["-I", "-S", program])
    command = json.dumps(sys.executable)
    (app.home / "config.toml").write_text(
        f"[mcp_servers.notes]\ncommand = {command}\nargs = {arguments}\n"
    )
