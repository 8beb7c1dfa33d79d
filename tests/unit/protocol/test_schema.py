"""The generated JSON Schema is valid, complete, and agrees with the models."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from codex_rpc.errors import ErrorKind
from codex_rpc.protocol.approvals import CommandExecutionRequestApprovalParams
from codex_rpc.protocol.ids import ApprovalId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.protocol.items import AgentMessageItem, FunctionCallOutputItem, UserMessageItem
from codex_rpc.protocol.methods import METHODS
from codex_rpc.protocol.notifications import TurnCompletedNotification
from codex_rpc.protocol.response_items import InputText, OtherPart
from codex_rpc.protocol.schema import json_schema_bundle, per_method_files
from codex_rpc.protocol.turn import Turn

REQUIRED = {
    "ThreadStartResponse": "approvalPolicy approvalsReviewer cwd model modelProvider sandbox "
    "sandboxEnforcement thread",
    "Thread": "cliVersion createdAt cwd ephemeral id modelProvider preview projectId sessionId "
    "source status turns updatedAt",
    "ActiveStatus": "activeFlags type",
    "TurnStartResponse": "turn",
    "Turn": "id items status",
    "TurnError": "message",
    "TurnStartedNotification": "threadId turn",
    "TurnCompletedNotification": "threadId turn",
    "ItemStartedNotification": "item startedAtMs threadId turnId",
    "ItemCompletedNotification": "completedAtMs item threadId turnId",
    "AgentMessageDeltaNotification": "delta itemId threadId turnId",
    "CommandExecutionOutputDeltaNotification": "delta itemId threadId turnId",
    "ReasoningSummaryTextDeltaNotification": "delta itemId summaryIndex threadId turnId",
    "ReasoningSummaryPartAddedNotification": "itemId summaryIndex threadId turnId",
    "ReasoningTextDeltaNotification": "contentIndex delta itemId threadId turnId",
    "ThreadTokenUsageUpdatedNotification": "threadId tokenUsage turnId",
    "ThreadTokenUsage": "last total",
    "TokenUsageBreakdown": "cachedInputTokens inputTokens outputTokens reasoningOutputTokens "
    "totalTokens",
    "ErrorNotification": "error threadId turnId willRetry",
    "ThreadStartedNotification": "thread",
    "ThreadStatusChangedNotification": "status threadId",
    "TurnPlanUpdatedNotification": "plan threadId turnId",
    "TurnPlanStep": "status step",
    "TurnDiffUpdatedNotification": "diff threadId turnId",
    "WarningNotification": "message",
    "ServerRequestResolvedNotification": "requestId threadId",
    "UserMessageItem": "content id type",
    "AgentMessageItem": "id text type",
    "ReasoningItem": "id type",
    "PlanItem": "id text type",
    "CommandExecutionItem": "command commandActions cwd id status type",
    "ReadAction": "command name path type",
    "ListFilesAction": "command type",
    "SearchAction": "command type",
    "UnknownAction": "command type",
    "FileChangeItem": "changes id status type",
    "FileUpdateChange": "diff kind path",
    "McpToolCallItem": "arguments id server status tool type",
    "DynamicToolCallItem": "arguments id status tool type",
    "WebSearchItem": "id query type",
    "ImageViewItem": "id path type",
    "ContextCompactionItem": "id type",
    "EnteredReviewModeItem": "id review type",
    "ExitedReviewModeItem": "id review type",
    "FunctionCallOutputItem": "id name output type",
    "CollabAgentToolCallItem": "agentsStates id receiverThreadIds senderThreadId status tool type",
    "ModelListResponse": "data",
    "Model": "defaultReasoningEffort description displayName hidden id isDefault model "
    "supportedReasoningEfforts",
    "GetAccountResponse": "requiresOpenaiAuth",
    "InitializeResponse": "codexHome platformFamily platformOs userAgent",
    "CommandExecutionRequestApprovalParams": "approvalId itemId startedAtMs threadId turnId",
    "FileChangeRequestApprovalParams": "approvalId changes itemId startedAtMs threadId turnId",
    "ThreadLoadedListResponse": "data",
    "ThreadUnsubscribeResponse": "status",
    "TurnInterruptParams": "threadId turnId",
}


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    return json_schema_bundle(experimental=True)


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    return per_method_files(experimental=True)


def fits(schema: dict[str, Any], value: Any) -> bool:
    validator: Any = Draft202012Validator(schema)
    return bool(validator.is_valid(value))


@pytest.mark.parametrize(("name", "fields"), REQUIRED.items())
def test_what_clients_rely_on_is_always_there(
    bundle: dict[str, Any], name: str, fields: str
) -> None:
    """The fields that strict clients refuse a message without."""
    assert set(fields.split()) <= set(bundle["$defs"][name]["required"])


def test_the_bundle_is_a_valid_schema(bundle: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(bundle)


def test_every_file_is_a_valid_schema_that_stands_alone(files: dict[str, Any]) -> None:
    for name, schema in files.items():
        Draft202012Validator.check_schema(schema)
        known = {f"#/$defs/{key}" for key in schema.get("$defs", {})}
        used = {
            line.split('"')[3]
            for line in json.dumps(schema, indent=0).splitlines()
            if line.startswith('"$ref"')
        }
        assert used <= known, name


def test_there_is_a_file_for_each_payload(files: dict[str, Any]) -> None:
    payloads = {
        f"v2/{model.__name__}.json"
        for method in METHODS.values()
        for model in (method.params, method.result)
        if model is not None
    }

    assert set(files) == payloads | {"codex-rpc.schema.json"}


def test_clients_find_the_fields_of_params_at_the_top(files: dict[str, Any]) -> None:
    """The Python SDK reads `properties` of this very file to learn what a server can do."""
    properties = files["v2/TurnStartParams.json"]["properties"]

    assert {"threadId", "input", "outputSchema", "sandboxPolicy"} <= set(properties)


def test_optional_params_may_be_left_out_and_results_are_whole(bundle: dict[str, Any]) -> None:
    defs = bundle["$defs"]

    assert "required" not in defs["ThreadStartParams"]
    assert defs["TurnSubmitParams"]["required"] == ["input"]
    assert set(defs["ThreadStartResponse"]["required"]) == set(
        defs["ThreadStartResponse"]["properties"]
    )


def test_a_type_that_goes_both_ways_is_described_as_it_is_read(bundle: dict[str, Any]) -> None:
    assert bundle["$defs"]["ReadOnlyPolicy"]["required"] == ["type"]


def test_experimental_fields_are_hidden_from_stable_clients(bundle: dict[str, Any]) -> None:
    stable = json_schema_bundle(experimental=False)

    def fields(of: dict[str, Any], name: str) -> set[str]:
        return set(of["$defs"][name]["properties"])

    assert fields(bundle, "ThreadStartResponse") - fields(stable, "ThreadStartResponse") == {
        "runtimeWorkspaceRoots",
        "activePermissionProfile",
        "multiAgentMode",
    }
    approval = "CommandExecutionRequestApprovalParams"
    assert fields(bundle, approval) - fields(stable, approval) == {"availableDecisions"}
    assert "x-experimental" not in json.dumps(stable)
    for definition in stable["$defs"].values():
        assert set(definition.get("required", [])) <= set(definition.get("properties", {}))


def test_every_method_is_indexed(bundle: dict[str, Any]) -> None:
    assert list(bundle["x-methods"]) == list(METHODS)
    assert bundle["x-methods"]["turn/submit"] == {
        "direction": "clientRequest",
        "stability": "stable",
        "params": {"$ref": "#/$defs/TurnSubmitParams"},
        "paramsOptional": False,
        "result": {"$ref": "#/$defs/TurnSubmitResponse"},
    }


def test_error_kinds_are_part_of_the_contract(bundle: dict[str, Any]) -> None:
    assert bundle["$defs"]["ErrorKind"]["enum"] == [kind.value for kind in ErrorKind]


def test_strings_under_fields_and_aliases_become_descriptions(bundle: dict[str, Any]) -> None:
    defs = bundle["$defs"]

    assert defs["TurnStartParams"]["properties"]["outputSchema"]["description"] == (
        "A JSON Schema that the last message of this turn must fit."
    )
    assert defs["ApprovalDecision"]["description"].startswith("`decline` tells the model")


def test_no_two_types_fight_over_a_name(bundle: dict[str, Any]) -> None:
    assert all(name.isalnum() for name in bundle["$defs"])


def test_the_same_sources_give_the_same_schema(bundle: dict[str, Any]) -> None:
    assert json.dumps(json_schema_bundle(experimental=True)) == json.dumps(bundle)


def test_what_the_server_writes_fits_the_schema(files: dict[str, Any]) -> None:
    items = [
        UserMessageItem(id=ItemId("a"), content=[TextInput(text="hi")]),
        AgentMessageItem(id=ItemId("b"), text="hello", phase="final_answer"),
        FunctionCallOutputItem(
            id=ItemId("c"), name="f", output=[InputText(text="x"), OtherPart(type="new")]
        ),
    ]
    turn = Turn(id=TurnId("u"), items=list(items), status="completed", started_at=1)
    completed = TurnCompletedNotification(thread_id=ThreadId("t"), turn=turn)
    question = CommandExecutionRequestApprovalParams(
        thread_id=ThreadId("t"),
        turn_id=TurnId("u"),
        item_id=ItemId("i"),
        approval_id=ApprovalId("a"),
        started_at_ms=1,
    )

    for model in (completed, question):
        schema = files[f"v2/{type(model).__name__}.json"]
        assert fits(schema, model.model_dump(mode="json"))


@pytest.mark.parametrize(
    "payload",
    [
        {"threadId": "t", "input": [{"type": "smell"}]},
        {"threadId": "t", "input": [{"text": "a kind is needed"}]},
        {"threadId": "t", "input": [{"type": "image"}]},
        {"threadId": 3, "input": []},
        {"input": []},
        {"threadId": "t", "input": [], "approvalPolicy": "sometimes"},
    ],
)
def test_what_the_models_refuse_does_not_fit_the_schema(
    files: dict[str, Any], payload: dict[str, Any]
) -> None:
    assert not fits(files["v2/TurnStartParams.json"], payload)
