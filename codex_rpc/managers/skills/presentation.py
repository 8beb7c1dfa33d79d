"""What a skill says beside its document: `agents/openai.yaml` in its folder.

Nothing in it is needed. What is wrong there is left out.
"""

import logging
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from codex_rpc.managers.skills.skill import Presentation
from codex_rpc.managers.skills.yaml_text import MAX_BYTES, line_at, table_in, yaml_table
from codex_rpc.protocol.skills import SkillDependencies, SkillInterface, SkillToolDependency

logger = logging.getLogger(__name__)

PRESENTATION = Path("agents", "openai.yaml")
MAX_TEXT = 1024

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_TOOL_FIELDS = ("description", "transport", "command", "url")


def read_presentation(folder: Path) -> Presentation:
    """What the skill in `folder` says of itself beside its document. Blocks."""
    path = folder / PRESENTATION
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return Presentation()
        with path.open("rb") as file:
            table = yaml_table(file.read(MAX_BYTES).decode())
    except FileNotFoundError:
        return Presentation()
    except (OSError, ValueError) as error:
        logger.info("%s is left out: %s", path, error)
        return Presentation()
    tools = _tools(table_in(table, "dependencies").get("tools"))
    return Presentation(
        interface=_interface(table_in(table, "interface"), folder),
        dependencies=SkillDependencies(tools=tools) if tools else None,
        offered=_text(table_in(table, "policy"), "allow_implicit_invocation") != "false",
    )


def _interface(table: Mapping[str, Any], folder: Path) -> SkillInterface | None:
    color = _text(table, "brand_color")
    interface = SkillInterface(
        display_name=_text(table, "display_name"),
        short_description=_text(table, "short_description"),
        icon_small=_icon(table, "icon_small", folder),
        icon_large=_icon(table, "icon_large", folder),
        brand_color=color if color and _COLOR.fullmatch(color) else None,
        default_prompt=_text(table, "default_prompt"),
    )
    return None if interface == SkillInterface() else interface


def _icon(table: Mapping[str, Any], key: str, folder: Path) -> str | None:
    """The path of an icon, if it is inside the skill's folder."""
    name = _text(table, key)
    if name is None or Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    return str(folder / name)


def _tools(entries: object) -> list[SkillToolDependency]:
    tools: list[SkillToolDependency] = []
    for entry in cast("Sequence[object]", entries) if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        table = cast("Mapping[str, Any]", entry)
        kind, value = _text(table, "type"), _text(table, "value")
        if kind is not None and value is not None:
            more = {name: _text(table, name) for name in _TOOL_FIELDS}
            tools.append(SkillToolDependency(type=kind, value=value, **more))
    return tools


def _text(table: Mapping[str, Any], key: str) -> str | None:
    try:
        text = line_at(table, key)
    except ValueError:
        return None
    return text if text is None or len(text) <= MAX_TEXT else None
