"""Representative payloads go through the models and come out as they went in."""

from typing import Any

import pytest
from pydantic import ValidationError

from codex_rpc.protocol.approvals import (
    CommandExecutionRequestApprovalParams,
    FileChangeRequestApprovalParams,
)
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.handshake import InitializeParams
from codex_rpc.protocol.ids import ApprovalId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.inputs import ImageInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    FileUpdateChange,
    PatchUpdate,
)
from codex_rpc.protocol.models import Model, ModelListParams
from codex_rpc.protocol.notifications import (
    ApprovalRequestedNotification,
    ErrorNotification,
    ItemCompletedNotification,
    ServerRequestResolvedNotification,
    ThreadStatusChangedNotification,
    TurnPlanUpdatedNotification,
)
from codex_rpc.protocol.policies import (
    DangerFullAccessPolicy,
    ReadOnlyPolicy,
    SandboxMode,
    SandboxPolicy,
    WorkspaceWritePolicy,
    sandbox_policy_of,
)
from codex_rpc.protocol.thread import (
    SubAgentSessionSource,
    Thread,
    ThreadSpawn,
    ThreadSpawnSource,
    ThreadStartParams,
)
from codex_rpc.protocol.turn import (
    CodexErrorInfo,
    HttpConnectionFailed,
    HttpFailure,
    TurnError,
    TurnStartParams,
    TurnSubmitParams,
    error_info_of,
)

USER_MESSAGE: dict[str, Any] = {
    "id": "i1",
    "startedAtMs": 5,
    "completedAtMs": 5,
    "type": "userMessage",
    "content": [
        {"type": "text", "text": "@a.py fix it", "text_elements": []},
        {"type": "image", "url": "data:image/png;base64,AA=="},
        {"type": "localImage", "path": "/p.png", "detail": "high"},
        {"type": "audio", "fileId": "f1"},
        {"type": "localAudio", "path": "/a.wav"},
        {"type": "skill", "name": "lint", "path": "/s/SKILL.md"},
        {"type": "mention", "name": "a.py", "path": "/w/a.py"},
    ],
    "clientId": None,
}
FILE_CHANGE: dict[str, Any] = {
    "id": "i2",
    "startedAtMs": 6,
    "completedAtMs": None,
    "type": "fileChange",
    "changes": [
        {"path": "/w/a", "kind": {"type": "add"}, "diff": "x\n"},
        {"path": "/w/b", "kind": {"type": "delete"}, "diff": "y\n"},
        {"path": "/w/c", "kind": {"type": "update", "move_path": "/w/d"}, "diff": "@@ -1 +1 @@"},
    ],
    "status": "inProgress",
}
MCP_CALL: dict[str, Any] = {
    "id": "i3",
    "startedAtMs": None,
    "completedAtMs": None,
    "type": "mcpToolCall",
    "server": "docs",
    "tool": "find",
    "arguments": {"q": [1, None, {"deep": True}]},
    "status": "completed",
    "readOnlyHint": True,
    "result": {
        "content": [{"type": "text", "text": "hit"}],
        "structuredContent": None,
        "_meta": {"k": 1},
    },
    "error": None,
    "durationMs": 12,
}
TURN_START: dict[str, Any] = {
    "threadId": "t1",
    "input": [{"type": "text", "text": "hi", "text_elements": []}],
    "clientUserMessageId": "m1",
    "cwd": None,
    "model": "gpt-x",
    "effort": "brand-new-effort",
    "summary": "auto",
    "serviceTier": None,
    "approvalPolicy": {
        "granular": {
            "sandbox_approval": True,
            "rules": False,
            "mcp_elicitations": True,
            "skill_approval": False,
            "request_permissions": False,
        }
    },
    "approvalsReviewer": "user",
    "sandboxPolicy": {
        "type": "workspaceWrite",
        "writableRoots": ["/x"],
        "networkAccess": True,
        "excludeTmpdirEnvVar": False,
        "excludeSlashTmp": True,
    },
    "permissions": None,
    "outputSchema": {"type": "object"},
}


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        (TurnStartParams, TURN_START),
        (TurnSubmitParams, {**TURN_START, "threadId": None}),
        *(
            (
                ItemCompletedNotification,
                {
                    "threadId": "t1",
                    "turnId": "u1",
                    "item": item,
                    "completedAtMs": 7,
                    "contentTokenCount": None,
                },
            )
            for item in (USER_MESSAGE, FILE_CHANGE, MCP_CALL)
        ),
        (
            ThreadStatusChangedNotification,
            {
                "threadId": "t1",
                "status": {"type": "active", "activeFlags": ["waitingOnApproval"]},
            },
        ),
        (
            ErrorNotification,
            {
                "threadId": "t1",
                "turnId": "u1",
                "error": {
                    "message": "no route",
                    "codexErrorInfo": {"httpConnectionFailed": {"httpStatusCode": 503}},
                    "additionalDetails": None,
                },
                "willRetry": True,
            },
        ),
        (
            TurnPlanUpdatedNotification,
            {
                "threadId": "t1",
                "turnId": "u1",
                "explanation": None,
                "plan": [{"step": "look", "status": "inProgress"}],
            },
        ),
        (ServerRequestResolvedNotification, {"threadId": "t", "requestId": 0, "approvalId": "a"}),
        (ServerRequestResolvedNotification, {"threadId": "t", "requestId": "0", "approvalId": "a"}),
    ],
)
def test_payload_survives_a_round_trip(model: type[WireModel], payload: dict[str, Any]) -> None:
    assert model.model_validate(payload).model_dump(mode="json") == payload


def test_wire_names_that_stay_snake_case() -> None:
    source = SubAgentSessionSource(
        sub_agent=ThreadSpawnSource(
            thread_spawn=ThreadSpawn(parent_thread_id=ThreadId("p"), depth=1)
        )
    )

    assert source.model_dump() == {
        "subAgent": {
            "thread_spawn": {
                "parent_thread_id": "p",
                "depth": 1,
                "agent_path": None,
                "agent_nickname": None,
                "agent_role": None,
            }
        }
    }
    assert PatchUpdate().model_dump() == {"type": "update", "move_path": None}


def test_absent_fields_are_written_as_null() -> None:
    item = AgentMessageItem(id=ItemId("i"), text="hello")

    assert item.model_dump() == {
        "id": "i",
        "startedAtMs": None,
        "completedAtMs": None,
        "type": "agentMessage",
        "text": "hello",
        "phase": None,
    }


def test_command_approval_leaves_absent_fields_out_and_keeps_nested_nulls() -> None:
    params = CommandExecutionRequestApprovalParams.model_validate(
        {
            "threadId": "t",
            "turnId": "u",
            "itemId": "i",
            "approvalId": "a",
            "startedAtMs": 1,
            "command": "ls",
            "cwd": "/w",
            "commandActions": [{"type": "listFiles", "command": "ls"}],
        }
    )

    assert params.model_dump() == {
        "threadId": "t",
        "turnId": "u",
        "itemId": "i",
        "approvalId": "a",
        "startedAtMs": 1,
        "kind": "command",
        "command": "ls",
        "cwd": "/w",
        "commandActions": [{"type": "listFiles", "command": "ls", "path": None}],
        "environmentId": "local",
    }


def test_file_approval_writes_absent_fields_as_null() -> None:
    params = FileChangeRequestApprovalParams(
        thread_id=ThreadId("t"),
        turn_id=TurnId("u"),
        item_id=ItemId("i"),
        approval_id=ApprovalId("a"),
        started_at_ms=1,
        changes=[FileUpdateChange(path="/w/a", kind=PatchUpdate(), diff="")],
    )

    dumped = params.model_dump()

    assert dumped["reason"] is None
    assert dumped["grantRoot"] is None


@pytest.mark.parametrize(
    ("method", "extra", "cls"),
    [
        (
            "item/commandExecution/requestApproval",
            {"command": "ls"},
            CommandExecutionRequestApprovalParams,
        ),
        ("item/fileChange/requestApproval", {"changes": []}, FileChangeRequestApprovalParams),
    ],
)
def test_pending_approval_carries_the_params_of_its_request(
    method: str, extra: dict[str, Any], cls: type[WireModel]
) -> None:
    ids = {"threadId": "t", "turnId": "u"}
    question = {**ids, "itemId": "i", "approvalId": "a", "startedAtMs": 1}
    approval = {**question, "method": method, "params": {**question, **extra}}

    read = ApprovalRequestedNotification.model_validate({**ids, "approval": approval})

    assert type(read.approval.params) is cls


def test_a_model_that_names_no_modalities_reads_text_and_images() -> None:
    model = Model(
        id="m",
        model="m",
        display_name="M",
        description="",
        hidden=False,
        is_default=True,
        supported_reasoning_efforts=[],
        default_reasoning_effort="medium",
    )

    assert model.input_modalities == ["text", "image"]


@pytest.mark.parametrize(
    ("model", "payload", "location"),
    [
        (ModelListParams, {"limit": "3"}, ("limit",)),
        (ModelListParams, {"limit": True}, ("limit",)),
        (ModelListParams, {"limit": -1}, ("limit",)),
        (ThreadStartParams, {"ephemeral": "true"}, ("ephemeral",)),
        (ThreadStartParams, {"ephemeral": 1}, ("ephemeral",)),
        (ThreadStartParams, {"sandbox": "workspaceWrite"}, ("sandbox",)),
        (ThreadStartParams, {"config": []}, ("config",)),
        (TurnStartParams, {"threadId": "t", "input": "hi"}, ("input",)),
        (TurnStartParams, {"threadId": "t"}, ("input",)),
        (InitializeParams, {"clientInfo": {"name": "x"}}, ("clientInfo", "version")),
        (
            InitializeParams,
            {"clientInfo": {"name": "x", "version": "1"}, "capabilities": {"approvals": "no"}},
            ("capabilities", "approvals"),
        ),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(
    model: type[WireModel], payload: dict[str, Any], location: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(payload)

    assert [error["loc"] for error in caught.value.errors()] == [location]


def test_an_unknown_kind_of_input_is_refused() -> None:
    with pytest.raises(ValidationError, match="union_tag_invalid"):
        TurnStartParams.model_validate({"threadId": "t", "input": [{"type": "smell"}]})


@pytest.mark.parametrize("source", [{}, {"url": "u", "fileId": "f"}])
def test_an_image_has_exactly_one_source(source: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        ImageInput.model_validate({"type": "image", **source})


def test_unknown_fields_are_ignored() -> None:
    params = ThreadStartParams.model_validate({"cwd": "/w", "novelty": {"a": 1}})

    assert params == ThreadStartParams(cwd="/w")


def test_messages_cannot_be_changed_after_the_fact() -> None:
    params = ThreadStartParams(cwd="/w")

    with pytest.raises(ValidationError, match="frozen"):
        params.cwd = "/elsewhere"


def test_python_names_are_not_wire_names() -> None:
    with pytest.raises(ValidationError):
        TurnStartParams.model_validate({"thread_id": "t", "input": []}, by_name=False)


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        ("read-only", ReadOnlyPolicy(network_access=False)),
        ("workspace-write", WorkspaceWritePolicy(writable_roots=[], network_access=False)),
        ("danger-full-access", DangerFullAccessPolicy()),
    ],
)
def test_a_sandbox_mode_stands_for_its_policy(mode: SandboxMode, policy: SandboxPolicy) -> None:
    assert sandbox_policy_of(mode) == policy


@pytest.mark.parametrize(
    ("name", "status", "info"),
    [
        ("usageLimitExceeded", 429, "usageLimitExceeded"),
        ("inferenceHookDenied", None, "inferenceHookDenied"),
        ("somethingNew", 418, "other"),
        (
            "httpConnectionFailed",
            503,
            HttpConnectionFailed(http_connection_failed=HttpFailure(http_status_code=503)),
        ),
    ],
)
def test_a_failure_has_the_wire_form_of_its_name(
    name: str, status: int | None, info: CodexErrorInfo
) -> None:
    assert error_info_of(name, status) == info


@pytest.mark.parametrize(
    "name",
    [
        "httpConnectionFailed",
        "responseStreamConnectionFailed",
        "responseStreamDisconnected",
        "responseTooManyFailedAttempts",
    ],
)
def test_failures_with_a_status_are_objects_under_their_name(name: str) -> None:
    error = TurnError(message="m", codex_error_info=error_info_of(name, 500))

    assert error.model_dump()["codexErrorInfo"] == {name: {"httpStatusCode": 500}}


def test_thread_of_a_fresh_start_has_every_field() -> None:
    thread = Thread.model_validate(
        {
            "id": "t",
            "sessionId": "t",
            "preview": "",
            "cwd": "/w",
            "modelProvider": "openai",
            "status": {"type": "idle"},
            "source": "vscode",
            "cliVersion": "0.1.0",
            "createdAt": 1,
            "updatedAt": 1,
            "ephemeral": False,
            "turns": [],
        }
    )

    dumped = thread.model_dump()

    assert dumped["historyMode"] == "legacy"
    assert {name for name, value in dumped.items() if value is None} == {
        "name",
        "model",
        "reasoningEffort",
        "threadSource",
        "originator",
        "recencyAt",
        "path",
        "gitInfo",
        "forkedFromId",
        "parentThreadId",
        "agentNickname",
        "agentRole",
        "projectId",
        "section",
        "sectionEnteredAt",
    }


def test_an_item_goes_from_started_to_completed_by_copying() -> None:
    started = CommandExecutionItem(
        id=ItemId("i"), command="ls", cwd="/w", command_actions=[], status="inProgress"
    )

    completed = started.model_copy(update={"status": "completed", "exit_code": 0})

    assert completed.model_dump() == {
        **started.model_dump(),
        "status": "completed",
        "exitCode": 0,
    }
