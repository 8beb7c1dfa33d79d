"""New rules that the user may have saved with an approval: which are proposed, and their text."""

import json
from collections.abc import Sequence

from codex_rpc.exec.command_safety import WRAPPERS, risk_of
from codex_rpc.exec.rules.judgement import Ruling, Words
from codex_rpc.exec.rules.rule import PrefixRule

LONGEST_CHARACTERS = 1000
"""A longer command is no prefix that anybody wants to keep."""

NEVER_PROPOSED = WRAPPERS | {
    "ash", "bash", "busybox", "chroot", "cmd", "csh", "dash", "eval", "fish", "ksh", "nsenter",
    "pkexec", "powershell", "pwsh", "sh", "source", "ssh", "strace", "su", "tcsh", "unshare",
    "watch", "zsh", ".",
}  # fmt: skip
"""They run what comes after them, whatever it is."""

_SPECIFIC_ONLY = frozenset({
    "awk", "bun", "bunx", "cargo", "deno", "docker", "gawk", "git", "go", "java", "kubectl", "lua",
    "make", "mvn", "node", "npm", "npx", "osascript", "perl", "php", "pip", "pip3", "pipx", "pnpm",
    "podman", "pypy", "pypy3", "python", "python2", "python3", "rm", "rsync", "ruby", "tclsh", "uv",
    "uvx", "yarn",
})  # fmt: skip
"""They do all kinds of things, depending on the next word; which must not be an option."""


def proposed_amendment(ruling: Ruling, wanted: Words = (), *, escalated: bool) -> list[str] | None:
    """How commands begin that the user may want to allow for good, when asked about this one.

    That is what the model wants, if it would allow everything that is not allowed yet, else the
    first command that the question is about. `None` if there is nothing one should offer.
    """
    if ruling.restriction is not None or not ruling.certain or ruling.risk == "dangerous":
        return None
    if _may_be_proposed(wanted) and all(_begins(words, wanted) for words in ruling.rest):
        return list(wanted)
    asked = (words for words in ruling.rest if escalated or risk_of(words) != "safe")
    first = next(asked, ())
    return list(first) if _may_be_proposed(first) else None


def allowing(prefix: Words) -> PrefixRule:
    """The rule that allows commands that begin with `prefix`."""
    return PrefixRule(tuple((word,) for word in prefix))


def rule_text(prefix: Words) -> str:
    """The same as a line of a rules file."""
    words = ", ".join(json.dumps(word, ensure_ascii=False) for word in prefix)
    return f'prefix_rule(pattern=[{words}], decision="allow")'


def _may_be_proposed(words: Words) -> bool:
    if not words or sum(map(len, words)) > LONGEST_CHARACTERS or not _is_text(words):
        return False
    name = words[0].rpartition("/")[2]
    if name in NEVER_PROPOSED:
        return False
    return name not in _SPECIFIC_ONLY or (len(words) > 1 and not words[1].startswith("-"))


def _is_text(words: Words) -> bool:
    return all(word.isprintable() for word in words)


def _begins(words: Words, prefix: Sequence[str]) -> bool:
    return list(words[: len(prefix)]) == list(prefix)
