"""Exec rules: commands the user has decided about once and for all, and saving such decisions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import Step, adds_file, calls, runs, says
from tests.support.outline import ends, items, of_turn
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

QUESTION = "item/commandExecution/requestApproval"
TOUCH = [[runs("touch", "made")], [says("Done")]]
NEVER = {"approvalPolicy": "never", "sandbox": "workspace-write"}
SAVED = 'prefix_rule(pattern=["touch", "made"], decision="allow")\n'
GRANULAR = {"sandbox_approval": True, "rules": False, "mcp_elicitations": True}


def write_rules(folder: Path, text: str) -> None:
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "some.rules").write_text(text)


def told_to_the_model(thread: dict[str, Any]) -> list[str]:
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    return outputs(lines)


def amendment(*words: str) -> Any:
    return {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": list(words)}}


async def asked(
    peer: Peer, steps: Sequence[Step], **settings: Any
) -> tuple[dict[str, Any], Message]:
    thread = await peer.start_thread(steps, **{**ASKING, **settings})
    await peer.say(thread)
    return thread, await peer.next(QUESTION)


# --- rules that hold ---------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [ASKING, NEVER, {**NEVER, "sandbox": "read-only"}])
async def test_an_allowed_command_runs_unasked_whatever_the_policy(
    app: App, settings: dict[str, str]
) -> None:
    write_rules(app.home, 'prefix_rule(["touch"])')
    peer = await app.connect()
    told = await peer.turn(await peer.start_thread(TOUCH, **settings))
    assert f"? {QUESTION}" not in of_turn(told)
    assert items(told, "commandExecution")[0]["status"] == "completed"
    assert (app.project / "made").exists()


async def test_a_command_that_is_allowed_in_part_is_asked_about(app: App) -> None:
    write_rules(app.home, 'prefix_rule(["touch", "a"])')
    peer = await app.connect()
    script = [calls("shell_command", command="touch a && touch b")]
    _, question = await asked(peer, [script, [says("Done")]])
    assert question["params"]["proposedExecpolicyAmendment"] == ["touch", "b"]
    await peer.answer(question, "decline")
    await peer.until("turn/completed")
    assert list(app.project.iterdir()) == []


async def test_a_forbidden_command_is_refused_with_the_users_reason(app: App) -> None:
    """Even with full access, inside a script, and asked for with escalation."""
    write_rules(app.home, 'prefix_rule(["touch"], "forbidden", justification="use the editor")')
    peer = await app.connect()
    script = [calls("shell_command", command="ls > list; touch made")]
    thread = await peer.start_thread([script, *TOUCH], approvalPolicy="on-request")
    told = await peer.turn(thread)
    assert f"? {QUESTION}" not in of_turn(told)
    assert [item["status"] for item in items(told, "commandExecution")] == ["declined"] * 2
    assert ends(told)[0]["status"] == "completed"
    assert (
        told_to_the_model(thread) == ["command refused: a rule forbids `touch`: use the editor"] * 2
    )
    assert list(app.project.iterdir()) == []


async def test_a_rule_may_have_the_user_asked(app: App) -> None:
    """Where the policy would not ask; what is proposed never gets around the rule."""
    write_rules(app.home, 'prefix_rule(["touch"], "prompt", justification="it matters")')
    peer = await app.connect()
    _, question = await asked(peer, TOUCH, approvalPolicy="on-request")
    params = question["params"]
    assert params["reason"] == "a rule wants the user to be asked about `touch`: it matters"
    assert "proposedExecpolicyAmendment" not in params
    assert params["availableDecisions"] == ["accept", "acceptForSession", "decline", "cancel"]
    await peer.answer(question, "accept")
    await peer.until("turn/completed")
    assert (app.project / "made").exists()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("never", "is never"),
        ({"granular": GRANULAR}, "does not allow asking"),
    ],
)
async def test_what_must_be_asked_about_is_refused_where_nobody_may_be(
    app: App, policy: Any, why: str
) -> None:
    """Of the granular policy, `rules` decides."""
    write_rules(app.home, 'prefix_rule(["touch"], "prompt")')
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread(TOUCH, approvalPolicy=policy)
    assert f"? {QUESTION}" not in of_turn(await peer.turn(thread))
    [refusal] = told_to_the_model(thread)
    asking = "a rule wants the user to be asked about `touch`"
    assert refusal == f"command refused: {asking} and the approval policy {why}"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_projects_rules_count_if_the_user_trusts_it(app: App, trusted: bool) -> None:
    write_rules(app.project / ".codex", 'prefix_rule(["touch"], "forbidden")')
    level = "trusted" if trusted else "untrusted"
    config = f'[projects."{app.project}"]\ntrust_level = "{level}"\n'
    (app.home / "config.toml").write_text(config)
    peer = await app.connect()
    await peer.turn(await peer.start_thread(TOUCH))
    assert (app.project / "made").exists() != trusted


async def test_a_wrong_file_is_told_of_and_the_others_hold(app: App) -> None:
    write_rules(app.home, 'prefix_rule(["touch"], "forbidden")')
    (app.home / "rules" / "wrong.rules").write_text("prefix_rule(\n")
    peer = await app.connect()
    await peer.turn(await peer.start_thread(TOUCH))
    [warning] = [m["params"] for m in peer.messages if m.get("method") == "configWarning"]
    assert warning["summary"].startswith(
        f"Ignored the exec rules of a file: {app.home}/rules/wrong.rules:"
    )
    assert not (app.project / "made").exists()


# --- new rules ---------------------------------------------------------------------------------


async def test_a_question_offers_to_save_a_rule(app: App) -> None:
    """After `accept`."""
    peer = await app.connect()
    _, question = await asked(peer, TOUCH)
    assert question["params"]["proposedExecpolicyAmendment"] == ["touch", "made"]
    assert question["params"]["availableDecisions"] == [
        "accept",
        amendment("touch", "made"),
        "acceptForSession",
        "decline",
        "cancel",
    ]
    await peer.answer(question, "decline")
    await peer.until("turn/completed")
    assert not (app.home / "rules").exists()


@pytest.mark.parametrize("by_request", [False, True])
async def test_an_approval_may_save_a_rule(app: App, by_request: bool) -> None:
    """It holds at once, in every loaded thread and in those to come; the model is told."""
    peer = await app.connect()
    other = await peer.start_thread(TOUCH, **ASKING)
    thread, question = await asked(peer, [*TOUCH, *TOUCH])
    if by_request:
        answer = {"approvalId": question["params"]["approvalId"]}
        decision = amendment("touch", "made")
        assert await peer.call("approval/respond", {**answer, "decision": decision}) == {}
    else:
        await peer.send({"id": question["id"], "result": {"decision": amendment("touch", "made")}})
    told = await peer.until("turn/completed")
    assert items(told, "commandExecution")[0]["status"] == "completed"
    assert (app.home / "rules" / "default.rules").read_text() == SAVED
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    [notice] = [line for line in lines if "The user has saved a rule" in str(line)]
    assert notice["payload"]["role"] == "developer"
    assert "`touch made`" in str(notice)
    for later in (thread, other, await peer.start_thread(TOUCH, **ASKING)):
        assert f"? {QUESTION}" not in of_turn(await peer.turn(later))
    assert (app.home / "rules" / "default.rules").read_text() == SAVED


async def test_the_rule_that_the_model_wants_is_offered(app: App) -> None:
    step = [calls("shell", command=["touch", "made"], prefix_rule=["touch"])]
    peer = await app.connect()
    _, question = await asked(peer, [step, [says("Done")]])
    assert question["params"]["proposedExecpolicyAmendment"] == ["touch"]
    await peer.answer(question, "decline")
    await peer.until("turn/completed")


async def test_a_rule_that_cannot_be_saved_leaves_the_approval_as_it_is(app: App) -> None:
    peer = await app.connect()
    (app.home / "rules").write_text("in the way")
    _, question = await asked(peer, [*TOUCH, *TOUCH])
    decision = amendment("touch", "made")
    await peer.send({"id": question["id"], "result": {"decision": decision}})
    told = await peer.until("turn/completed")
    [warning] = [m["params"] for m in told if m.get("method") == "warning"]
    assert warning["message"].startswith(
        "The rule was not saved, so it holds for this command only: cannot write"
    )
    assert (app.project / "made").exists()
    assert not any("has saved a rule" in str(message) for message in told)


@pytest.mark.parametrize(
    "decision",
    [
        amendment(),
        {"acceptWithExecpolicyAmendment": {}},
        {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": "touch"}},
        {"acceptWithExecpolicyAmendment": {"execpolicyAmendment": ["touch"]}},
        {"acceptForSession": True},
    ],
    ids=str,
)
async def test_a_rule_that_makes_no_sense_is_no_decision(app: App, decision: Any) -> None:
    """An invalid `approval/respond` leaves the question open; an invalid response declines it."""
    peer = await app.connect()
    _, question = await asked(peer, TOUCH)
    answer = {"approvalId": question["params"]["approvalId"], "decision": decision}
    with pytest.raises(RefusedError) as caught:
        await peer.call("approval/respond", answer)
    assert caught.value.data["kind"] == "invalidParams"
    await peer.send({"id": question["id"], "result": {"decision": decision}})
    told = await peer.until("turn/completed")
    assert items(told, "commandExecution")[0]["status"] == "declined"
    assert not (app.home / "rules").exists()


async def test_a_rule_is_no_answer_to_a_question_about_files(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[adds_file("new", "text")], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/fileChange/requestApproval")
    answer = {"approvalId": question["params"]["approvalId"], "decision": amendment("touch")}
    with pytest.raises(RefusedError):
        await peer.call("approval/respond", answer)
    await peer.answer(question, "decline")
    await peer.until("turn/completed")
    assert not (app.home / "rules").exists()
