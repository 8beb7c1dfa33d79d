"""What a rules file says.

    prefix_rule(pattern=["git", ["push", "fetch"]], decision="prompt", justification="…",
                match=["git push origin"], not_match=[["git", "status"]])
    host_executable(name="git", paths=["/usr/bin/git"])

A rule's examples are checked when it is read. Rules about the network are understood, and nothing
follows from them.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from msgspec import Struct

from codex_rpc.errors import ConfigFileError
from codex_rpc.exec.rules.calls import Call, Value, read_calls
from codex_rpc.exec.rules.rule import PrefixRule, RuleDecision, RuleSet

_PARAMETERS = {
    "prefix_rule": ("pattern", "decision", "match", "not_match", "justification"),
    "host_executable": ("name", "paths"),
    "network_rule": ("host", "protocol", "decision", "justification"),
}
_REQUIRED = {
    "prefix_rule": ("pattern",),
    "host_executable": ("name", "paths"),
    "network_rule": ("host", "protocol", "decision"),
}


class RulesText(Struct, frozen=True):
    """What a file says, and what the user should know about it."""

    rules: RuleSet
    warnings: tuple[str, ...] = ()


def parse_rules(file: Path, text: str) -> RulesText:
    """Read the text of a rules file; `file` is where it comes from, for messages.

    Raises:
        ConfigFileError: with the line of what is wrong; then nothing in the file holds.
    """
    reader = _Reader(file)
    for call in read_calls(file, text):
        reader.take(call)
    return reader.result()


class _Examples(Struct, frozen=True):
    """What a rule has to cover, and what it must not."""

    call: Call
    rule: PrefixRule
    covered: list[list[str]]
    not_covered: list[list[str]]


class _Reader:
    """Puts together what the calls of one file say."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._examples: list[_Examples] = []
        self._hosts: dict[str, frozenset[str]] = {}
        self._warnings: list[str] = []

    def take(self, call: Call) -> None:
        arguments = self._bound(call)
        match call.name:
            case "prefix_rule":
                self._examples.append(self._prefix_rule(call, arguments))
            case "host_executable":
                self._host_executable(call, arguments)
            case _:
                self._network_rule(call, arguments)

    def result(self) -> RulesText:
        for examples in self._examples:
            self._check(examples)
        rules = tuple(examples.rule for examples in self._examples)
        return RulesText(RuleSet(rules, self._hosts), tuple(self._warnings))

    # --- the calls -----------------------------------------------------------------------------

    def _prefix_rule(self, call: Call, arguments: Mapping[str, Value]) -> _Examples:
        decision = self._text(call, arguments, "decision")
        if decision not in (None, *get_args(RuleDecision)):
            raise self._wrong(call, f"invalid decision: {decision}")
        justification = self._text(call, arguments, "justification")
        if justification is not None and not justification.strip():
            raise self._wrong(call, "justification must not be empty")
        rule = PrefixRule(
            self._pattern(call, arguments["pattern"]),
            cast("RuleDecision", decision or "allow"),
            justification,
        )
        return _Examples(
            call,
            rule,
            self._example_list(call, arguments, "match"),
            self._example_list(call, arguments, "not_match"),
        )

    def _pattern(self, call: Call, value: Value) -> tuple[tuple[str, ...], ...]:
        words = self._list(call, "pattern", value)
        if not words:
            raise self._wrong(call, "pattern must not be empty")
        pattern = tuple(
            (word,) if isinstance(word, str) else tuple(self._texts(call, "pattern", word))
            for word in words
        )
        if not all(pattern):
            raise self._wrong(call, "alternatives in a pattern must not be empty")
        return pattern

    def _host_executable(self, call: Call, arguments: Mapping[str, Value]) -> None:
        name = self._text(call, arguments, "name")
        if not name or "/" in name:
            raise self._wrong(call, f"name must be the bare name of a program: {name}")
        paths = self._texts(call, "paths", arguments["paths"])
        for path in map(Path, paths):
            if not path.is_absolute() or path.name != name:
                raise self._wrong(call, f"paths must be absolute and end in {name}: {path}")
        self._hosts[name] = self._hosts.get(name, frozenset[str]()) | frozenset(paths)

    def _network_rule(self, call: Call, arguments: Mapping[str, Value]) -> None:
        host, *_ = (self._text(call, arguments, name) for name in _PARAMETERS[call.name])
        self._warnings.append(
            f"{self._file}:{call.line}: network_rule for {host} has no effect in this program"
        )

    # --- arguments -----------------------------------------------------------------------------

    def _bound(self, call: Call) -> dict[str, Value]:
        names = _PARAMETERS.get(call.name)
        if names is None:
            raise self._wrong(call, f"{call.name} is not known here")
        if len(call.positional) > len(names):
            raise self._wrong(call, f"too many arguments for {call.name}")
        given = dict(zip(names, call.positional, strict=False))
        for name, value in call.named.items():
            if name in given or name not in names:
                problem = "is given twice" if name in given else "is no argument"
                raise self._wrong(call, f"`{name}` {problem} of {call.name}")
            given[name] = value
        for name in _REQUIRED[call.name]:
            if name not in given:
                raise self._wrong(call, f"{call.name} needs `{name}`")
        return given

    def _text(self, call: Call, arguments: Mapping[str, Value], name: str) -> str | None:
        value = arguments.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(call, f"{name} must be a string")
        return value

    def _list(self, call: Call, name: str, value: Value) -> Sequence[Value]:
        if isinstance(value, str):
            raise self._wrong(call, f"{name} must be a list")
        return value

    def _texts(self, call: Call, name: str, value: Value) -> list[str]:
        texts = [text for text in self._list(call, name, value) if isinstance(text, str)]
        if len(texts) != len(value):
            raise self._wrong(call, f"{name} must have strings in it")
        return texts

    # --- examples ------------------------------------------------------------------------------

    def _example_list(
        self, call: Call, arguments: Mapping[str, Value], name: str
    ) -> list[list[str]]:
        examples = self._list(call, name, arguments.get(name, []))
        return [self._words(call, name, example) for example in examples]

    def _words(self, call: Call, name: str, example: Value) -> list[str]:
        try:
            words = (
                shlex.split(example)
                if isinstance(example, str)
                else self._texts(call, name, example)
            )
        except ValueError:
            raise self._wrong(call, f"an example in {name} is no command: {example}") from None
        if not words:
            raise self._wrong(call, f"an example in {name} is empty")
        return words

    def _check(self, examples: _Examples) -> None:
        for words in examples.covered:
            if not self._covers(examples.rule, words):
                raise self._wrong(examples.call, f"does not match `{shlex.join(words)}`")
        for words in examples.not_covered:
            if self._covers(examples.rule, words):
                raise self._wrong(examples.call, f"matches `{shlex.join(words)}`")

    def _covers(self, rule: PrefixRule, words: list[str]) -> bool:
        """Whether the rule is about a command, wherever its program may lie."""
        if rule.covers(words):
            return True
        name = Path(words[0]).name
        paths = self._hosts.get(name)
        listed = paths is None or words[0] in paths
        return words[0].startswith("/") and listed and rule.covers([name, *words[1:]])

    def _wrong(self, call: Call, reason: str) -> ConfigFileError:
        return ConfigFileError(self._file, call.line, call.column, reason)
