from pathlib import Path

from msgspec.structs import replace

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.fragments import (
    ENVIRONMENT_CONTEXT,
    MODEL_SWITCH,
    PERMISSIONS_INSTRUCTIONS,
    is_context,
    kind_of,
)
from codex_rpc.history.settings_changes import settings_changes
from codex_rpc.protocol.policies import DangerFullAccessPolicy, ReadOnlyPolicy

BEFORE = ThreadSettings(
    model="one",
    model_provider="p",
    cwd=Path("/work"),
    approval_policy="on-request",
    approvals_reviewer="user",
    sandbox_policy=ReadOnlyPolicy(),
)


def changed(after: ThreadSettings) -> list[object]:
    messages = settings_changes(BEFORE, after, shell="bash", enforced=True)
    assert all(is_context(message) for message in messages)
    return [kind_of(message.text, message.role) for message in messages]


def test_unchanged_settings_are_not_told():
    assert changed(BEFORE) == []
    assert changed(replace(BEFORE, effort="high", summary="none")) == []


def test_each_change_is_told_in_its_own_fragment():
    after = replace(BEFORE, cwd=Path("/else"), approval_policy="never", model="two")
    assert changed(after) == [ENVIRONMENT_CONTEXT, PERMISSIONS_INSTRUCTIONS, MODEL_SWITCH]


def test_a_new_folder_is_told_alone_where_it_gives_no_permissions():
    assert changed(replace(BEFORE, cwd=Path("/else"))) == [ENVIRONMENT_CONTEXT]
    (message,) = settings_changes(
        BEFORE, replace(BEFORE, cwd=Path("/else")), shell="bash", enforced=True
    )
    assert "<cwd>/else</cwd>" in message.text
    assert "date" not in message.text


def test_new_permissions_are_told_in_full():
    after = replace(BEFORE, sandbox_policy=DangerFullAccessPolicy())
    assert changed(after) == [PERMISSIONS_INSTRUCTIONS]


def test_a_new_model_reads_which_one_was_there_before():
    (message,) = settings_changes(BEFORE, replace(BEFORE, model="two"), shell="bash", enforced=True)
    assert "from the model one to two" in message.text
