"""Model scripts in Python: a step is the list of what the model puts out in one response."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Output = dict[str, Any]
Step = Sequence[Output] | dict[str, Any]
"""The outputs of a step, or the whole step where it needs `when` or `usage`."""

CUT: Output = {"type": "cut"}
STALL: Output = {"type": "stall"}


def write_script(path: Path, steps: Sequence[Step]) -> Path:
    whole = (step if isinstance(step, dict) else {"output": list(step)} for step in steps)
    path.write_text("".join(json.dumps(step) + "\n" for step in whole), encoding="utf-8")
    return path


def says(*chunks: str) -> Output:
    return {"type": "text", "chunks": list(chunks)}


def speaks_slowly(text: str) -> Output:
    """A character every few milliseconds: long enough to act while the model is speaking."""
    return {"type": "text", "text": text, "chunkSize": 1, "delayMs": 2}


def thinks(summary: str, content: str | None = None) -> Output:
    raw = {} if content is None else {"content": [content]}
    return {"type": "reasoning", "summary": [summary], **raw}


def calls(tool: str, call_id: str | None = None, **arguments: Any) -> Output:
    named = {} if call_id is None else {"callId": call_id}
    return {"type": "functionCall", "name": tool, "arguments": arguments, **named}


def runs(*argv: str, workdir: str | None = None, call_id: str | None = None) -> Output:
    where = {} if workdir is None else {"workdir": workdir}
    return calls("shell", call_id, command=list(argv), **where)


def adds_file(name: str, text: str) -> Output:
    lines = "".join(f"+{line}\n" for line in text.splitlines())
    return patches(f"*** Add File: {name}\n{lines}")


def patches(body: str) -> Output:
    patch = f"*** Begin Patch\n{body}*** End Patch\n"
    return {"type": "customToolCall", "name": "apply_patch", "input": patch}


def plans(*steps: str) -> Output:
    return calls("update_plan", plan=[{"step": step, "status": "pending"} for step in steps])


def fails(status: int | None, message: str, code: str | None = None) -> Output:
    named = {"status": status, "code": code}
    given = {name: value for name, value in named.items() if value is not None}
    return {"type": "error", "message": message, **given}
