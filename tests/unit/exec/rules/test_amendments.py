"""Which rules are proposed with a question."""

import pytest

from codex_rpc.exec.rules.amendments import (
    NEVER_PROPOSED,
    allowing,
    proposed_amendment,
    rule_text,
)
from codex_rpc.exec.rules.judgement import judge
from codex_rpc.exec.rules.parsing import parse_rules
from codex_rpc.exec.rules.rule import RuleSet
from tests.unit.exec.rules.rule_texts import FILE

RULES = parse_rules(
    FILE, 'prefix_rule(["make"])\nprefix_rule(["docker", "push"], "prompt")\n'
).rules


def proposed(
    script: str, wanted: str = "", *, escalated: bool = True, rules: RuleSet = RULES
) -> str | None:
    ruling = judge(["bash", "-lc", script], rules)
    prefix = proposed_amendment(ruling, wanted.split(), escalated=escalated)
    return None if prefix is None else " ".join(prefix)


@pytest.mark.parametrize(
    ("script", "wanted", "prefix"),
    [
        ("npm install left-pad", "", "npm install left-pad"),
        ("npm install left-pad", "npm install", "npm install"),
        ("npm install && npm install x", "npm install", "npm install"),
        ("make && npm install", "npm install", "npm install"),
        ("npm install && npm test", "npm install", "npm install"),
        ("npm test && npm install", "npm install", "npm test"),
        ("npm install", "npm ci", "npm install"),
        ("npm install", "npm", "npm install"),
        ("npm install", "npm install -g x", "npm install"),
        ("git push", "git", "git push"),
        ("python3 build.py", "python3", "python3 build.py"),
        ("touch a && touch b", "", "touch a"),
    ],
)
def test_the_prefix_the_model_wants_or_the_first_command(
    script: str, wanted: str, prefix: str
) -> None:
    assert proposed(script, wanted) == prefix


def test_commands_that_only_read_are_proposed_only_if_they_are_asked_about() -> None:
    assert proposed("ls && touch x", escalated=False) == "touch x"
    assert proposed("ls && touch x", escalated=True) == "ls"


@pytest.mark.parametrize(
    "script",
    [
        *("docker push x", "touch a && docker push x", "touch a > b", "rm -rf x", "a && rm -f x"),
        *("python3 -c 1", "git -C x push", "git", "npm", "python3 - <<'E'\n1\nE"),
        *("touch 'a\nb'", "touch " + "x" * 2000),
    ],
)
def test_nothing_is_proposed_that_one_should_not_allow_for_good(script: str) -> None:
    """Not what a rule asks about, nor what cannot be taken apart, destroys, or is too general."""
    assert proposed(script) is None


@pytest.mark.parametrize("program", sorted(NEVER_PROPOSED))
def test_programs_that_run_others_are_never_proposed(program: str) -> None:
    ruling = judge([program, "npm", "install"], RULES)
    assert proposed_amendment(ruling, [program, "npm"], escalated=True) is None


@pytest.mark.parametrize("words", [["a"], ["npm", "run", 'x "y" \\z'], ["é", "\n\t\x01", "'"]])
def test_a_saved_rule_reads_as_the_same(words: list[str]) -> None:
    [rule] = parse_rules(FILE, rule_text(words)).rules.rules
    assert rule == allowing(words)


def test_a_saved_rule_is_one_line() -> None:
    assert rule_text(["npm", "install"]) == (
        'prefix_rule(pattern=["npm", "install"], decision="allow")'
    )
