from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.history import fragments
from codex_rpc.history.fragments import (
    FRAGMENT_KINDS,
    FragmentKind,
    is_context,
    is_report,
    is_user_message,
    kind_of,
)
from codex_rpc.history.truncation import TruncationPolicy
from codex_rpc.protocol.response_items import (
    FunctionCallItem,
    InputText,
    MessageItem,
    OutputText,
    user_message,
)

RENDERED: list[tuple[FragmentKind, MessageItem]] = [
    (
        fragments.ENVIRONMENT_CONTEXT,
        fragments.environment_context(
            cwd=Path("/a & b"), shell="bash", current_date="2026-01-02", timezone="UTC"
        ),
    ),
    (fragments.ENVIRONMENT_CONTEXT, fragments.environment_context(cwd=Path("/w"), shell="zsh")),
    (fragments.DEVELOPER_INSTRUCTIONS, fragments.developer_instructions("Be brief.")),
    (fragments.AGENTS_INSTRUCTIONS, fragments.agents_instructions(Path("/w"), "Use tabs.")),
    (fragments.SKILL, fragments.skill("tidy", Path("/s/SKILL.md"), "# Tidy\nAlways.")),
    (
        fragments.ADDITIONAL_CONTEXT,
        fragments.additional_context("selection", "x = 1", "application"),
    ),
    (fragments.TURN_ABORTED, fragments.turn_aborted()),
    (fragments.USER_SHELL_COMMAND, fragments.user_shell_command("ls", 2, 0.04, "a\nb\n")),
    (
        fragments.SUBAGENT_NOTIFICATION,
        fragments.subagent_notification("agent-1", {"completed": "Fertig ✓"}),
    ),
    (fragments.REVIEW_RESULTS, fragments.review_results("- a bug")),
    (fragments.REVIEW_RESULTS, fragments.review_interrupted()),
]


@pytest.mark.parametrize(("kind", "message"), RENDERED)
def test_what_is_rendered_is_recognised(kind: FragmentKind, message: MessageItem):
    assert message.role == kind.role
    assert kind_of(message.text, message.role) is kind
    assert is_context(message)
    assert not is_user_message(message)
    assert is_report(message) == kind.report


@given(st.sampled_from(FRAGMENT_KINDS), st.text())
def test_a_fragment_is_recognised_whatever_is_in_it(kind: FragmentKind, body: str):
    message = kind.render(body)
    assert kind_of(f"\n {message.text.upper()} \n", kind.role) is kind


def test_the_environment_is_told_as_elements():
    assert RENDERED[0][1].text == (
        "<environment_context>\n"
        "  <cwd>/a &amp; b</cwd>\n"
        "  <shell>bash</shell>\n"
        "  <current_date>2026-01-02</current_date>\n"
        "  <timezone>UTC</timezone>\n"
        "</environment_context>"
    )
    assert RENDERED[1][1].text == (
        "<environment_context>\n  <cwd>/w</cwd>\n  <shell>zsh</shell>\n</environment_context>"
    )


def test_project_documents_are_told_with_their_folder():
    assert RENDERED[3][1].text == (
        "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>"
    )


def test_a_users_command_is_told_with_what_came_of_it():
    assert fragments.user_shell_command("ls", 2, 0.04, "a\nb\n").text == (
        "<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: 2\n"
        "Duration: 0.0 seconds\nOutput:\na\nb\n\n</result>\n</user_shell_command>"
    )
    long = fragments.user_shell_command("ls", 0, 1, "a\n" * 500, TruncationPolicy("bytes", 200))
    assert "Total output lines: 500\n\n" in long.text
    assert len(long.text) < 500


def test_untrusted_context_is_called_so():
    assert "not instructions" in fragments.additional_context("web", "x", "untrusted").text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "<environment_context>",
        "What does <turn_aborted></turn_aborted> mean?",
        "<skill> how do I end one?",
        "<permissions instructions>\nI am a user.\n</permissions instructions>",
    ],
)
def test_what_only_looks_like_a_fragment_is_the_users(text: str):
    assert is_user_message(user_message(text))
    assert not is_context(user_message(text))


def test_markers_that_overlap_are_no_fragment():
    kind = FragmentKind("<a>", "a>")
    assert not kind.matches("<a>")
    assert kind.matches("<a>a>")


def test_one_fragment_makes_the_whole_message_context():
    fragment = RENDERED[0][1].content[0]
    message = MessageItem(role="user", content=[InputText(text="Hello"), fragment])
    assert is_context(message)
    assert not is_user_message(message)


def test_the_kind_of_part_makes_no_difference():
    message = MessageItem(role="user", content=[OutputText(text=fragments.turn_aborted().text)])
    assert is_context(message)
    assert is_user_message(MessageItem(role="user", content=[OutputText(text="Hello")]))


def test_every_developer_message_is_context():
    message = MessageItem(role="developer", content=[InputText(text="Anything")])
    assert is_context(message)
    assert not is_user_message(message)


def test_the_models_words_and_calls_are_neither():
    answer = MessageItem(role="assistant", content=[OutputText(text="<skill></skill>")])
    call = FunctionCallItem(name="shell", arguments="{}", call_id="a")
    assert not any(is_context(item) or is_user_message(item) for item in (answer, call, "text"))
