"""An MCP server of few lines that starts at once: one tool, one resource, over stdio.

For tests that need some server; what servers can do is in `mcp_server`.
"""

import json
import sys
from typing import Any

ADD = {
    "name": "add",
    "description": "Add two numbers.",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
    "annotations": {"readOnlyHint": True},
}
NOTE = {"uri": "note://first", "name": "first"}


def result_of(method: str, params: dict[str, Any]) -> object:
    match method:
        case "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}, "resources": {}},
                "serverInfo": {"name": "notes", "version": "1"},
            }
        case "tools/list":
            return {"tools": [ADD]}
        case "tools/call":
            arguments = params["arguments"]
            total = int(arguments["a"]) + int(arguments["b"])
            return {"content": [{"type": "text", "text": str(total)}]}
        case "resources/list":
            return {"resources": [NOTE]}
        case "resources/templates/list":
            return {"resourceTemplates": []}
        case "resources/read":
            return {"contents": [{"uri": params["uri"], "text": "Buy milk"}]}
        case _:
            return {}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            result = result_of(message["method"], message.get("params", {}))
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
