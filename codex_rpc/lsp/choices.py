"""The buttons of a question: what they are called, and which answers they stand for. Pure."""

from typing import Any

from msgspec import Struct

from codex_rpc.protocol.approvals import (
    AcceptWithExecpolicyAmendment,
    CommandExecutionRequestApprovalParams,
    FileChangeRequestApprovalParams,
    QuestionParams,
)
from codex_rpc.protocol.questions import (
    McpServerElicitationRequestParams,
    PermissionsRequestApprovalParams,
)

_MOST_FILES = 10


class Choice(Struct, frozen=True):
    """A button; `answer` is what `approval/respond` takes beside the id."""

    title: str
    answer: dict[str, Any]
    refuses: bool = False


class Offer(Struct, frozen=True):
    question: str
    choices: list[Choice]


ALLOW = "Allow"
_ALLOW = Choice(ALLOW, {"decision": "accept"})
_ALLOW_FOR_SESSION = Choice("Allow for this session", {"decision": "acceptForSession"})
_DECLINE = Choice("Decline", {"decision": "decline"}, refuses=True)
_STOP = Choice("Decline and stop", {"decision": "cancel"})


def choices(params: QuestionParams) -> Offer | None:
    """How to put a question; `None` if buttons cannot answer it."""
    match params:
        case CommandExecutionRequestApprovalParams():
            return _about_command(params)
        case FileChangeRequestApprovalParams():
            return _about_files(params)
        case PermissionsRequestApprovalParams():
            return _about_permissions(params)
        case McpServerElicitationRequestParams():
            return _about_server(params)
        case _:
            return None


def _about_command(params: CommandExecutionRequestApprovalParams) -> Offer:
    reason = f"\n{params.reason}" if params.reason else ""
    offered = [_ALLOW, _ALLOW_FOR_SESSION]
    for decision in params.available_decisions or ():
        if isinstance(decision, AcceptWithExecpolicyAmendment):
            start = " ".join(decision.accept_with_execpolicy_amendment.execpolicy_amendment)
            answer = {"decision": decision.model_dump(mode="json")}
            offered.append(Choice(f"Always allow `{start}`", answer))
    question = f"May the agent run this in {params.cwd}?\n{params.command}{reason}"
    return Offer(question, [*offered, _DECLINE, _STOP])


def _about_files(params: FileChangeRequestApprovalParams) -> Offer:
    paths = [f"{change.kind.type} {change.path}" for change in params.changes]
    more = len(paths) - _MOST_FILES
    lines = [*paths[:_MOST_FILES], *([f"and {more} more"] if more > 0 else [])]
    reason = [params.reason] if params.reason else []
    question = "\n".join(["May the agent change these files?", *lines, *reason])
    return Offer(question, [_ALLOW, _ALLOW_FOR_SESSION, _DECLINE, _STOP])


def _about_permissions(params: PermissionsRequestApprovalParams) -> Offer:
    wanted = params.permissions.model_dump(mode="json", by_alias=True)
    files = params.permissions.file_system
    network = params.permissions.network
    lines = [
        *(f"write {path}" for path in (files.write if files else None) or ()),
        *(f"read {path}" for path in (files.read if files else None) or ()),
        *(["use the network"] if network and network.enabled else []),
        *([params.reason] if params.reason else []),
    ]

    def grant(scope: str) -> dict[str, Any]:
        return {"response": {"permissions": wanted, "scope": scope}}

    return Offer(
        "\n".join(["May the agent do more than its sandbox allows?", *lines]),
        [
            Choice("Allow for this turn", grant("turn")),
            Choice("Allow for this session", grant("session")),
            Choice("Decline", {"response": {"permissions": {}}}, refuses=True),
        ],
    )


def _about_server(params: McpServerElicitationRequestParams) -> Offer:
    """A form with fields cannot be filled in with buttons: it can only be declined."""
    fields = (params.requested_schema or {}).get("properties")
    where = f"\n{params.url}" if params.url else ""
    accept = [] if fields else [Choice(ALLOW, {"response": {"action": "accept", "content": {}}})]
    decline = Choice("Decline", {"response": {"action": "decline"}}, refuses=True)
    return Offer(f"{params.server_name}: {params.message}{where}", [*accept, decline])
