"""Rules about commands, and which of them a command falls under.

A rule is about commands that begin with certain words. Taking a command line apart into commands is
not done here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

RuleDecision = Literal["allow", "prompt", "forbidden"]

SYSTEM_DIRECTORIES = frozenset(
    {"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"}
)
"""Where a program is taken for what its name says, as no sandbox policy lets agents write there."""


class PrefixRule(Struct, frozen=True):
    """What is to be done with commands that begin with `pattern`: for each word, the choices."""

    pattern: tuple[tuple[str, ...], ...]
    decision: RuleDecision = "allow"
    justification: str | None = None

    def covers(self, words: Sequence[str]) -> bool:
        """Whether a command of these words begins so."""
        if len(words) < len(self.pattern) or words[0] not in self.pattern[0]:
            return False  # nearly always, and without a look at the rest
        return all(word in choices for word, choices in zip(words, self.pattern, strict=False))


class RuleSet(Struct, frozen=True):
    """All rules that hold, and for some names of programs the only paths that may stand for them.

    A program that is named by its whole path falls under the rules for that path; if there are
    none, under those for its name. Where a name has no list of paths, a rule that restricts holds
    for every program of the name, but one that allows only for the system's: an agent can put
    a program of any name where it may write.
    """

    rules: tuple[PrefixRule, ...] = ()
    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def __bool__(self) -> bool:
        return bool(self.rules)

    def matching(self, words: Sequence[str]) -> list[PrefixRule]:
        """The rules that a command of these words falls under."""
        found = [rule for rule in self.rules if rule.covers(words)]
        directory, slash, name = words[0].rpartition("/")
        if found or not slash or not words[0].startswith("/"):
            return found
        paths = self.hosts.get(name)
        if paths is not None and words[0] not in paths:
            return []
        known = paths is not None or directory in SYSTEM_DIRECTORIES
        named = [name, *words[1:]]
        return [
            rule
            for rule in self.rules
            if (known or rule.decision != "allow") and rule.covers(named)
        ]

    def with_rule(self, rule: PrefixRule) -> "RuleSet":
        """These rules and one more."""
        return self if rule in self.rules else RuleSet((*self.rules, rule), self.hosts)


def joined(sets: Iterable[RuleSet]) -> RuleSet:
    """One set of several."""
    rules: list[PrefixRule] = []
    hosts: dict[str, frozenset[str]] = {}
    for each in sets:
        rules += each.rules
        for name, paths in each.hosts.items():
            hosts[name] = hosts.get(name, frozenset[str]()) | paths
    return RuleSet(tuple(rules), hosts)
