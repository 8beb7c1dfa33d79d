"""Which rules a command falls under."""

import pytest

from codex_rpc.exec.rules.rule import PrefixRule, RuleSet, joined

ALLOW = PrefixRule((("git",), ("status", "log")))
FORBID = PrefixRule((("git",),), "forbidden")
BY_PATH = PrefixRule((("/opt/git",),), "prompt")


@pytest.mark.parametrize(
    ("command", "covered"),
    [
        *[("git status", True), ("git log -p", True)],
        *[("git", False), ("git push", False), ("git status-all", False), ("hg status", False)],
    ],
)
def test_a_rule_is_about_commands_that_begin_so(command: str, covered: bool) -> None:
    assert ALLOW.covers(command.split()) == covered


def test_a_command_falls_under_every_rule_that_covers_it() -> None:
    assert RuleSet((ALLOW, FORBID, BY_PATH)).matching(["git", "log"]) == [ALLOW, FORBID]


def test_rules_for_a_path_count_more_than_those_for_the_name() -> None:
    assert RuleSet((FORBID, BY_PATH)).matching(["/opt/git", "log"]) == [BY_PATH]


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("/usr/bin/git", [ALLOW, FORBID]),
        ("/usr/local/bin/git", [ALLOW, FORBID]),
        ("/home/user/tools/git", [FORBID]),
        ("/usr/bin/../../home/git", [FORBID]),
        ("./git", []),
        ("tools/git", []),
    ],
)
def test_a_program_elsewhere_is_not_allowed_for_its_name(
    program: str, found: list[PrefixRule]
) -> None:
    """An agent may write a program of any name; that must not let it out of the sandbox."""
    assert RuleSet((ALLOW, FORBID)).matching([program, "status"]) == found


def test_listed_paths_are_the_only_ones_that_stand_for_a_name() -> None:
    rules = RuleSet((ALLOW, FORBID), {"git": frozenset({"/opt/bin/git"})})
    assert rules.matching(["/opt/bin/git", "log"]) == [ALLOW, FORBID]
    assert rules.matching(["/usr/bin/git", "log"]) == []
    assert rules.matching(["git", "log"]) == [ALLOW, FORBID]


def test_sets_are_joined_in_order() -> None:
    low = RuleSet((ALLOW,), {"git": frozenset({"/a/git"})})
    high = RuleSet((FORBID,), {"git": frozenset({"/b/git"}), "hg": frozenset()})
    assert joined([low, high]) == RuleSet(
        (ALLOW, FORBID), {"git": frozenset({"/a/git", "/b/git"}), "hg": frozenset()}
    )


def test_a_rule_is_added_once() -> None:
    assert RuleSet((ALLOW,)).with_rule(ALLOW) == RuleSet((ALLOW,))
    assert RuleSet((ALLOW,)).with_rule(FORBID) == RuleSet((ALLOW, FORBID))
