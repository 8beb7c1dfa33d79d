"""Hand-made rollout files, in the shapes that other programs have written over time."""

import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]

STAMP = "2026-01-02T03:04:05.678Z"


def line(kind: str, payload: Line, /, **more: Any) -> Line:
    return {"timestamp": STAMP, **more, "type": kind, "payload": payload}


def meta(thread_id: str = "t-1", **more: Any) -> Line:
    payload = {
        "id": thread_id,
        "timestamp": STAMP,
        "cwd": "/home/user/demo",
        "originator": "codex_cli_rs",
        "cli_version": "0.60.0",
        "source": "cli",
        "model_provider": "openai",
    }
    return line("session_meta", payload | more)


def event(kind: str, /, **fields: Any) -> Line:
    return line("event_msg", {"type": kind, **fields})


def message(role: str, text: str) -> Line:
    part = "output_text" if role == "assistant" else "input_text"
    content = [{"type": part, "text": text}]
    return line("response_item", {"type": "message", "role": role, "content": content})


def write_lines(path: Path, *lines: Line | bytes) -> Path:
    """Each line as given if it is bytes, else as compact JSON."""
    encoded = (
        raw if isinstance(raw, bytes) else json.dumps(raw, separators=(",", ":")).encode() + b"\n"
        for raw in lines
    )
    path.write_bytes(b"".join(encoded))
    return path
