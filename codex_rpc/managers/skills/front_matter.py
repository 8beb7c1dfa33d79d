"""What a `SKILL.md` says of itself: the YAML between its first line and the next `---`."""

import codecs
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codex_rpc.managers.skills.skill import Presentation, Skill, SkillProblem
from codex_rpc.managers.skills.yaml_text import MAX_BYTES, line_at, table_in, yaml_table
from codex_rpc.protocol.skills import SkillScope

MAX_NAME = 64

_FENCE = b"---"
_PLAIN = re.compile(r"^(name|description):[ \t]+(?![\"'|>&*])(\S.*?)[ \t\r]*$", re.MULTILINE)
"""A line whose value is meant as it stands, quoted or not."""


def read_skill(path: Path, scope: SkillScope, presentation: Presentation) -> Skill | SkillProblem:
    """The skill whose document is at `path`, or what is wrong with it. Blocks."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES)
        return _skill(path, scope, _table(_front_matter(data)), presentation)
    except UnicodeDecodeError as error:
        length = error.end - error.start
        return SkillProblem(
            path,
            f"failed to read file: invalid utf-8 sequence of {length} bytes "
            f"from index {error.start}",
        )
    except OSError as error:
        return SkillProblem(path, f"failed to read file: {error.strerror}")
    except ValueError as error:
        return SkillProblem(path, str(error))


def _front_matter(data: bytes) -> str:
    lines = data.split(b"\n")
    if lines[0].removeprefix(codecs.BOM_UTF8).strip() == _FENCE:
        for number, line in enumerate(lines[1:], start=1):
            if line.strip() == _FENCE:
                return b"\n".join(lines[:number]).decode("utf-8-sig").partition("\n")[2]
    raise ValueError("missing YAML frontmatter delimited by ---")


def _table(text: str) -> Mapping[str, Any]:
    """Read strictly, and if that fails, with names and descriptions taken as they stand.

    Authors write `description: Use it: now`, which is no YAML.
    """
    try:
        return yaml_table(text)
    except ValueError as error:
        plain = _PLAIN.sub(lambda line: f"{line[1]}: {json.dumps(line[2])}", text)
        try:
            return yaml_table(plain)
        except ValueError:
            raise ValueError(f"invalid YAML: {error}") from None


def _skill(
    path: Path, scope: SkillScope, table: Mapping[str, Any], presentation: Presentation
) -> Skill:
    try:
        name = line_at(table, "name") or path.parent.name
        description = line_at(table, "description")
        short = line_at(table_in(table, "metadata"), "short-description")
    except ValueError as error:
        raise ValueError(f"invalid YAML: {error}") from None
    if len(name) > MAX_NAME:
        raise ValueError(f"invalid name: exceeds maximum length of {MAX_NAME} characters")
    if description is None:
        raise ValueError("missing field `description`")
    return Skill(name, description, path, scope, short, presentation)
