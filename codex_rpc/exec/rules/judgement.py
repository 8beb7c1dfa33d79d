"""What the rules say of a command line.

Rules that restrict are looked for in every command that can be found in it, at any depth; rules
that allow only count for commands that are certain to be all it runs.
"""

from collections.abc import Sequence

from msgspec import Struct

from codex_rpc.exec.command_parsing import (
    all_commands,
    heredoc_command,
    plain_commands,
    script_of,
)
from codex_rpc.exec.command_safety import CommandRisk, is_trusted_shell, risk_of
from codex_rpc.exec.rules.rule import PrefixRule, RuleSet
from codex_rpc.exec.shell import display

Words = Sequence[str]


class Restriction(Struct, frozen=True):
    """The strictest rule that wants a command asked about or not run."""

    rule: PrefixRule
    words: Words
    """How the command begins that it is about."""

    def __str__(self) -> str:
        verb = (
            "forbids" if self.rule.decision == "forbidden" else "wants the user to be asked about"
        )
        why = self.rule.justification
        return f"a rule {verb} `{display(self.words)}`" + (f": {why}" if why else "")


class Ruling(Struct, frozen=True):
    """What the rules say, and what they leave open.

    `rest` are the commands that no rule allows, and `risk` how risky these are. The commands are
    only `certain` if they are all there is to say about the command line.
    """

    risk: CommandRisk
    rest: Sequence[Words]
    certain: bool = True
    restriction: Restriction | None = None

    @property
    def allowed(self) -> bool:
        """Whether everything the command line runs is explicitly allowed."""
        return not self.rest and self.restriction is None


def judge(argv: Words, rules: RuleSet, *, shell: str | None = None) -> Ruling:
    """What `rules` say of `argv`; `shell` as in `is_known_safe`."""
    commands, certain = _commands(argv, shell)
    restriction = _restriction(argv, rules) if rules else None
    rest = [words for words in commands if not _is_allowed(words, rules)]
    # Nothing is taken away from the whole where more is known about it than about its parts.
    taken = len(rest) < len(commands) and certain
    asked_about: Sequence[Words] = rest if taken or not rest else [argv]
    risks: list[CommandRisk] = [risk_of(words, shell=shell) for words in asked_about]
    return Ruling(_worst(risks), rest, certain, restriction)


def _commands(argv: Words, shell: str | None) -> tuple[Sequence[Words], bool]:
    """What the command line runs, and whether that is certain to be all."""
    if script_of(argv) is None:
        return [argv], True
    if is_trusted_shell(argv[0], shell):
        if (commands := plain_commands(argv)) is not None:
            return commands, True
        if (fed := heredoc_command(argv)) is not None:
            return [fed], False
    return [argv], False


def _worst(risks: Sequence[CommandRisk]) -> CommandRisk:
    if "dangerous" in risks:
        return "dangerous"
    return "other" if "other" in risks else "safe"


def _is_allowed(words: Words, rules: RuleSet) -> bool:
    return any(rule.decision == "allow" for rule in rules.matching(words))


def _restriction(argv: Words, rules: RuleSet) -> Restriction | None:
    found = [
        Restriction(rule, words[: len(rule.pattern)])
        for words in all_commands(argv)
        if words
        for rule in rules.matching(words)
        if rule.decision != "allow"
    ]
    forbidding = [each for each in found if each.rule.decision == "forbidden"]
    return next(iter(forbidding or found), None)
