"""What the model is told of its surroundings: all at first, and after that what has changed."""

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from codex_rpc.exec.approval_policy import limits_of
from codex_rpc.history.fragments import (
    agents_instructions,
    developer_instructions,
    environment_context,
)
from codex_rpc.history.permissions import permissions_instructions
from codex_rpc.history.settings_changes import settings_changes
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.skill_input import skills_changes, skills_section
from codex_rpc.session.turn_context import TurnContext


def introduce(turn: TurnContext) -> None:
    """Put on record what the model has not been told yet."""
    state = turn.session_state
    if state.told is None:
        turn.record(initial_context(turn))
    else:
        changes = settings_changes(
            state.told,
            turn.settings,
            shell=turn.services.exec.shell.kind,
            enforced=_enforced(turn),
            allowed=turn.services.exec.rules.allowed(),
        )
        turn.record([*changes, *skills_changes(turn)])
    state.told = turn.settings


def initial_context(turn: TurnContext) -> Sequence[ResponseItem]:
    """Everything the model has to know before the user's first words."""
    settings, docs = turn.settings, turn.session_state.project_docs
    allowed = turn.services.exec.rules.allowed()
    items: list[ResponseItem] = [
        permissions_instructions(settings, enforced=_enforced(turn), allowed=allowed)
    ]
    if settings.developer_instructions:
        items.append(developer_instructions(settings.developer_instructions))
    items += skills_section(turn.session_state.skills)
    if docs:
        items.append(agents_instructions(settings.cwd, docs))
    items.append(
        environment_context(
            cwd=settings.cwd,
            shell=turn.services.exec.shell.kind,
            current_date=datetime.now().astimezone().date().isoformat(),
            timezone=timezone_name(),
        )
    )
    return items


def _enforced(turn: TurnContext) -> bool:
    policy, sandbox = turn.settings.sandbox_policy, turn.services.exec.sandbox
    return limits_of(policy, sandbox.enforcement) != "unenforceable"


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
