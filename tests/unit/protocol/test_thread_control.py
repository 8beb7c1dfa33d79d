"""The requests that steer, settle, compact, review and extend a thread."""

from typing import Any

import pytest
from pydantic import ValidationError

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.review import ReviewStartParams, ReviewStartResponse
from codex_rpc.protocol.settings import (
    ThreadSettingsUpdatedNotification,
    ThreadSettingsUpdateParams,
    ThreadSettingsUpdateResponse,
)
from codex_rpc.protocol.thread import (
    ThreadCompactStartParams,
    ThreadInjectItemsParams,
    ThreadShellCommandParams,
)
from codex_rpc.protocol.turn import TurnSteerParams, TurnSteerResponse

MESSAGE: dict[str, Any] = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "hi"}],
}
TURN: dict[str, Any] = {
    "id": "u",
    "items": [],
    "itemsView": "notLoaded",
    "status": "inProgress",
    "error": None,
    "startedAt": None,
    "completedAt": None,
    "durationMs": None,
    "rootTurnId": None,
}
THREAD_SETTINGS: dict[str, Any] = {
    "model": "gpt",
    "modelProvider": "lab",
    "effort": "high",
    "summary": None,
    "serviceTier": "priority",
    "cwd": "/w",
    "approvalPolicy": "on-request",
    "approvalsReviewer": "user",
    "sandboxPolicy": {"type": "readOnly", "networkAccess": False},
    "activePermissionProfile": None,
    "collaborationMode": {
        "mode": "default",
        "settings": {"model": "gpt", "reasoning_effort": "high", "developer_instructions": None},
    },
    "personality": None,
    "disabledPluginIds": [],
    "multiAgentMode": "explicitRequestOnly",
}


STEER: dict[str, Any] = {
    "threadId": "t",
    "expectedTurnId": "u",
    "input": [{"type": "text", "text": "also", "text_elements": []}],
    "clientUserMessageId": None,
}


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        (TurnSteerParams, STEER),
        (TurnSteerResponse, {"turnId": "u"}),
        (
            ThreadSettingsUpdateParams,
            {
                "threadId": "t",
                "cwd": "/w",
                "model": "gpt",
                "effort": "low",
                "summary": "auto",
                "serviceTier": "flex",
                "approvalPolicy": "never",
                "approvalsReviewer": "user",
                "sandboxPolicy": {"type": "dangerFullAccess"},
                "permissions": None,
            },
        ),
        (ThreadSettingsUpdateResponse, {}),
        (ThreadSettingsUpdatedNotification, {"threadId": "t", "threadSettings": THREAD_SETTINGS}),
        (ThreadCompactStartParams, {"threadId": "t"}),
        (ThreadShellCommandParams, {"threadId": "t", "command": "a | b", "timeoutMs": 0}),
        (
            ReviewStartParams,
            {"threadId": "t", "target": {"type": "uncommittedChanges"}, "delivery": "inline"},
        ),
        (ReviewStartResponse, {"turn": TURN, "reviewThreadId": "t"}),
    ],
)
def test_payloads_come_out_as_they_went_in(model: type[WireModel], payload: dict[str, Any]) -> None:
    assert model.model_validate(payload, by_name=False).model_dump(mode="json") == payload


@pytest.mark.parametrize(
    "target",
    [
        {"type": "uncommittedChanges"},
        {"type": "baseBranch", "branch": "main"},
        {"type": "commit", "sha": "abc", "title": None},
        {"type": "custom", "instructions": "look"},
    ],
)
def test_every_target_can_be_reviewed(target: dict[str, Any]) -> None:
    params = ReviewStartParams.model_validate({"threadId": "t", "target": target})

    assert params.delivery is None
    assert params.target.model_dump() == target


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        (TurnSteerParams, {"threadId": "t", "input": []}),
        (ThreadSettingsUpdateParams, {"model": "gpt"}),
        (ThreadSettingsUpdateParams, {"threadId": "t", "approvalPolicy": "sometimes"}),
        (ThreadShellCommandParams, {"threadId": "t", "command": "a", "timeoutMs": -1}),
        (ThreadInjectItemsParams, {"threadId": "t", "items": [3]}),
        (ReviewStartParams, {"threadId": "t", "target": {"type": "branch"}}),
        (ReviewStartParams, {"threadId": "t", "target": {"type": "baseBranch"}}),
        (
            ReviewStartParams,
            {"threadId": "t", "target": {"type": "uncommittedChanges"}, "delivery": "nowhere"},
        ),
    ],
)
def test_wrong_parameters_are_refused(model: type[WireModel], payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(payload, by_name=False)


def test_injected_items_are_taken_as_they_are() -> None:
    """What they are to mean is for whoever reads them as response items."""
    items = [{**MESSAGE, "novelty": 1}, {"type": "novelty", "x": [2]}]

    params = ThreadInjectItemsParams.model_validate({"threadId": "t", "items": items})

    assert params.items == items
