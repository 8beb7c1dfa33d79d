from typing import Any

import pytest

from codex_rpc.lsp.choices import choices
from codex_rpc.protocol.approvals import (
    CommandExecutionRequestApprovalParams,
    FileChangeRequestApprovalParams,
)
from codex_rpc.protocol.questions import (
    DynamicToolCallParams,
    McpServerElicitationRequestParams,
    PermissionsRequestApprovalParams,
)
from codex_rpc.server.approval_desk import answer_model

IDS: dict[str, Any] = {
    "threadId": "t",
    "turnId": "u",
    "itemId": "i",
    "approvalId": "a",
    "startedAtMs": 0,
}
COMMAND = CommandExecutionRequestApprovalParams.model_validate(
    {
        **IDS,
        "command": "rm x",
        "cwd": "/p",
        "reason": "It deletes.",
        "availableDecisions": [
            "accept",
            {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["rm"]}},
        ],
    }
)
FILES = FileChangeRequestApprovalParams.model_validate(
    {
        **IDS,
        "changes": [
            {"path": f"/p/{number}", "kind": {"type": "add"}, "diff": ""} for number in range(12)
        ],
    }
)
PERMISSIONS = PermissionsRequestApprovalParams.model_validate(
    {
        **IDS,
        "cwd": "/p",
        "permissions": {"fileSystem": {"write": ["/q"]}, "network": {"enabled": True}},
    }
)


def elicitation(**more: Any) -> McpServerElicitationRequestParams:
    given = {**IDS, "serverName": "docs", "mode": "form", "message": "Sure?", **more}
    return McpServerElicitationRequestParams.model_validate(given)


def test_a_question_says_what_it_is_about() -> None:
    found = [choices(params) for params in (COMMAND, FILES, PERMISSIONS, elicitation())]
    questions = [offer.question for offer in found if offer is not None]
    paths = "\n".join(f"add /p/{number}" for number in range(10))
    assert questions == [
        "May the agent run this in /p?\nrm x\nIt deletes.",
        f"May the agent change these files?\n{paths}\nand 2 more",
        "May the agent do more than its sandbox allows?\nwrite /q\nuse the network",
        "docs: Sure?",
    ]


def test_a_rule_is_offered_where_there_is_one() -> None:
    offer = choices(COMMAND)
    assert offer is not None
    assert [each.title for each in offer.choices] == [
        "Allow",
        "Allow for this session",
        "Always allow `rm`",
        "Decline",
        "Decline and stop",
    ]


@pytest.mark.parametrize(
    ("params", "method"),
    [
        (COMMAND, "item/commandExecution/requestApproval"),
        (FILES, "item/fileChange/requestApproval"),
        (PERMISSIONS, "item/permissions/requestApproval"),
        (elicitation(), "mcpServer/elicitation/request"),
    ],
)
def test_each_answer_is_one_to_its_question(params: Any, method: Any) -> None:
    offer = choices(params)
    assert offer is not None
    assert [each.refuses for each in offer.choices].count(True) == 1
    for choice in offer.choices:
        answer = choice.answer.get("response", choice.answer)
        answer_model(method).model_validate(answer, by_name=False)


def test_a_form_with_fields_can_only_be_declined() -> None:
    offer = choices(elicitation(requestedSchema={"properties": {"name": {"type": "string"}}}))
    assert offer is not None
    assert [each.title for each in offer.choices] == ["Decline"]


def test_a_call_of_a_tool_is_no_question_to_the_user() -> None:
    call = DynamicToolCallParams.model_validate(
        {**IDS, "callId": "c", "tool": "lookup", "arguments": {}}
    )
    assert choices(call) is None
