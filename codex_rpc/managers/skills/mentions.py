"""Which skills a user's words name: `$name`, or a link `[$name](path)`. Pure."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from codex_rpc.managers.skills.skill import Skill

_LINK = re.compile(r"\[\$([\w:-]+)\]\(\s*([^)]*?)\s*\)")
_NAME = re.compile(r"\$([A-Za-z0-9_:-]+)")
_SCHEME = "skill://"

_ENVIRONMENT_VARIABLE = re.compile(
    "EDITOR|HOME|HOSTNAME|LANG|LOGNAME|OLDPWD|PAGER|PATH|PWD|SHELL|TEMP|TERM|TMP|TMPDIR|USER"
    "|XDG_(CACHE|CONFIG|DATA|STATE)_HOME|XDG_RUNTIME_DIR",
    re.IGNORECASE,
)
"""Names that mean something else after a dollar sign."""


def mentioned(
    texts: Sequence[str], skills: Sequence[Skill], named_already: Collection[str] = ()
) -> Sequence[Skill]:
    """The skills that are named, in the order of `skills`, each once.

    A link counts by its path. A plain name counts if exactly one skill has it, and if it is not
    among `named_already`: those the client has told apart.
    """
    links = {path for text in texts for path in _linked(text)}
    names = {name for text in texts for name in _plain(text)} - set(named_already)
    return [skill for skill in skills if skill.path in links or _is_meant(skill, names, skills)]


def _linked(text: str) -> Iterator[Path]:
    for link in _LINK.finditer(text):
        yield Path(link[2].removeprefix(_SCHEME))


def _plain(text: str) -> Iterator[str]:
    for name in _NAME.findall(_LINK.sub(" ", text)):
        yield name
        yield name.rstrip(":-")


def _is_meant(skill: Skill, names: Collection[str], skills: Sequence[Skill]) -> bool:
    if skill.name not in names or _ENVIRONMENT_VARIABLE.fullmatch(skill.name):
        return False
    return sum(other.name == skill.name for other in skills) == 1
