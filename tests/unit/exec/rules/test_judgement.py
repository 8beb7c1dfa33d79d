"""What the rules say of whole command lines."""

import pytest

from codex_rpc.exec.command_safety import CommandRisk
from codex_rpc.exec.rules.judgement import judge
from codex_rpc.exec.rules.parsing import parse_rules
from codex_rpc.exec.rules.rule import RuleSet
from tests.unit.exec.rules.rule_texts import FILE

RULES = parse_rules(
    FILE,
    """
prefix_rule(pattern=["make"])
prefix_rule(pattern=["python3"])
prefix_rule(pattern=["bash", "-lc", "echo a > b"])
prefix_rule(pattern=["git"], decision="prompt", justification="look first")
prefix_rule(pattern=["git", "push"], decision="forbidden", justification="never")
prefix_rule(pattern=["curl"], decision="forbidden")
""",
).rules


def script(text: str, shell: str = "bash") -> list[str]:
    return [shell, "-lc", text]


@pytest.mark.parametrize(
    "argv",
    [
        ["make"],
        ["make", "all", "&&", "x"],
        script("make"),
        script("make && make install; make clean | make x"),
        script("python3 - <<'EOF'\nprint(1)\nEOF\n"),
        script("python3 <<EOF\nplain\nEOF"),
        script("echo a > b"),
        script("make", "/usr/bin/zsh"),
        script("make", "/home/user/bin/bash"),
    ],
    ids=str,
)
def test_a_command_is_allowed_if_all_of_it_is(argv: list[str]) -> None:
    ruling = judge(argv, RULES, shell="/home/user/bin/bash")
    assert ruling.allowed
    assert ruling.risk == "safe"


@pytest.mark.parametrize(
    ("argv", "risk"),
    [
        (["cmake"], "other"),
        (script("make && ls"), "safe"),
        (script("make && touch x"), "other"),
        (script("make && rm -rf x"), "dangerous"),
        (script("make > log"), "other"),
        (script("make $(touch x)"), "other"),
        (script("make &"), "other"),
        (script("X=1 make"), "other"),
        (script("python3 - <<EOF\n$(touch x)\nEOF\n"), "other"),
        (script("python3 - <<'EOF' > out\nprint(1)\nEOF\n"), "other"),
        (script("python3 - <<'EOF' | sh\nprint(1)\nEOF\n"), "other"),
        (script("python3 - <<'EOF' && ls\nprint(1)\nEOF\n"), "other"),
        (script("python3 - <<'EOF'\nprint(1)\nEOF\nls"), "other"),
        (script("make", "/tmp/bash"), "other"),
        (script("make", "./bash"), "other"),
        (["/tmp/make"], "other"),
        (["bash", "-c", "echo a > b"], "other"),
    ],
    ids=str,
)
def test_a_command_with_more_in_it_is_not(argv: list[str], risk: CommandRisk) -> None:
    """What only looks like an allowed command would get out of the sandbox."""
    ruling = judge(argv, RULES)
    assert not ruling.allowed
    assert ruling.restriction is None
    assert ruling.risk == risk


@pytest.mark.parametrize(
    "argv",
    [
        ["git", "push"],
        ["/usr/bin/git", "push"],
        ["/tmp/git", "push"],
        script("make && git push origin"),
        script("git push > log 2>&1"),
        script("if make; then git push; fi"),
        script("X=1 git push &"),
        script("echo $(git push)"),
        script("bash -c 'git push'"),
        ["sh", "-c", "eval 'git push'"],
        script("git push", "/tmp/bash"),
    ],
    ids=str,
)
def test_what_is_forbidden_is_found_at_any_depth(argv: list[str]) -> None:
    """The strictest rule counts, wherever the command stands."""
    ruling = judge(argv, RULES)
    assert not ruling.allowed
    assert str(ruling.restriction).endswith("push`: never")
    assert str(ruling.restriction).startswith("a rule forbids `")


def test_what_is_to_be_asked_about_is_found_after_what_is_forbidden() -> None:
    asked = judge(script("make && git status"), RULES).restriction
    assert str(asked) == "a rule wants the user to be asked about `git`: look first"
    forbidden = judge(script("git status; curl x"), RULES).restriction
    assert str(forbidden) == "a rule forbids `curl`"


def test_without_rules_only_the_risk_is_known() -> None:
    ruling = judge(script("ls && touch x"), RuleSet())
    assert (ruling.allowed, ruling.restriction, ruling.risk) == (False, None, "other")
    assert ruling.rest == [["ls"], ["touch", "x"]]
    assert judge(script("ls"), RuleSet()).risk == "safe"
    assert not judge(["ls"], RuleSet()).allowed
