"""Telling the model, before the user's next words, that the thread's settings have changed."""

from collections.abc import Sequence

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.fragments import MODEL_SWITCH, environment_context
from codex_rpc.history.permissions import permissions_instructions
from codex_rpc.protocol.response_items import MessageItem


def settings_changes(
    before: ThreadSettings,
    after: ThreadSettings,
    *,
    shell: str,
    enforced: bool,
    allowed: Sequence[str] = (),
) -> list[MessageItem]:
    """What to tell of the difference between two turns' settings; nothing if there is none.

    `shell` is a name such as `bash`; `enforced` says whether this machine can hold commands to the
    sandbox policy of `after`; `allowed` is as in `permissions_instructions`.
    """
    messages: list[MessageItem] = []
    moved = before.cwd != after.cwd
    if moved:
        messages.append(environment_context(cwd=after.cwd, shell=shell))
    permissions = permissions_instructions(after, enforced=enforced, allowed=allowed)
    if permissions != permissions_instructions(before, enforced=enforced, allowed=allowed):
        messages.append(permissions)
    if before.model != after.model:
        messages.append(model_switch(before.model, after.model))
    return messages


def model_switch(before: str, after: str) -> MessageItem:
    """Tells the model that what it reads as its own words are another's."""
    return MODEL_SWITCH.render(
        f"The user has switched this thread from the model {before} to {after}, which is you. "
        "What the assistant said and did so far was the other model's work: go on from there, and "
        "follow your own instructions and the tools as they are offered to you now."
    )
