"""What the model is told: its instructions, its surroundings, its tools, and the conversation."""

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from codex_rpc.history.fragments import environment_context
from codex_rpc.history.pairing import paired
from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.response_items import InputText, MessageItem, ResponseItem
from codex_rpc.session.turn_context import TurnContext

BASE_INSTRUCTIONS = """\
You are a coding agent. You work in a folder on the user's machine, through the tools you are
given, in a conversation that the user follows in an editor or a terminal.

How to work:
- Read before you change. Find out how the project is built, tested and written, and follow that.
- Do what was asked, completely, and nothing beside it. Leave unrelated code alone, and mention
  what you noticed there instead.
- Change files with the `apply_patch` tool, in small patches that each make sense on their own,
  with paths relative to the working directory.
- After a change, run the tests or whatever else shows that it works, and say what you ran and
  saw. If something fails and you cannot mend it, say so plainly.
- Prefer `rg` for searching. Never undo changes that you did not make. Do not commit or push unless
  you are asked to.
- Commands may need the user's approval, and the user may refuse one. Then look for another way,
  or ask.
- For work in several steps, keep a short plan with `update_plan`, one step in progress at a time.

How to answer: briefly, in plain Markdown, with the result first. Name files as `path:line`. Do not
repeat what the user can see in the diff.
"""
"""For models and providers that bring no instructions of their own."""


def build_request(turn: TurnContext) -> ModelRequest:
    """The request for the next answer, from all that history holds now."""
    settings, model = turn.settings, turn.model
    effort = settings.effort or (model.default_effort if model.supports_reasoning else None)
    return ModelRequest(
        thread_id=turn.thread_id,
        model=settings.model,
        instructions=settings.base_instructions or BASE_INSTRUCTIONS,
        input=paired(turn.session_state.history.snapshot()),
        tools=turn.services.tools.specs(model),
        parallel_tool_calls=model.parallel_tool_calls,
        reasoning_effort=effort,
        reasoning_summary=settings.summary or "auto",
        supports_reasoning=model.supports_reasoning,
        output_schema=turn.output_schema,
        service_tier=settings.service_tier,
    )


def initial_context(turn: TurnContext) -> Sequence[ResponseItem]:
    """What the model hears before the user's first words."""
    items: list[ResponseItem] = []
    if turn.settings.developer_instructions:
        part = InputText(text=turn.settings.developer_instructions)
        items.append(MessageItem(role="developer", content=[part]))
    items.append(
        environment_context(
            cwd=turn.settings.cwd,
            shell=turn.services.exec.shell.kind,
            current_date=datetime.now().astimezone().date().isoformat(),
            timezone=timezone_name(),
        )
    )
    return items


def timezone_name() -> str:
    """The machine's zone, as an IANA name where it can be told, else its abbreviation."""
    if configured := os.environ.get("TZ", "").lstrip(":"):
        return configured
    try:
        target = Path("/etc/localtime").readlink()
    except OSError:
        return time.tzname[0]
    _, found, name = str(target).partition("zoneinfo/")
    return name if found else time.tzname[0]
