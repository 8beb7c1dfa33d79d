"""Which skills the user has switched off or on: the `[[skills.config]]` entries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from codex_rpc.config.values import boolean_at, table_at, text_at
from codex_rpc.errors import ConfigValueError


class SkillSwitch(Struct, frozen=True):
    """One entry, which is about all skills of a name, or about the one in a file."""

    name: str | None
    path: Path | None
    enabled: bool

    def concerns(self, name: str, path: Path) -> bool:
        return self.name == name if self.path is None else self.path == path


class SkillSettings(Struct, frozen=True):
    """All entries, in their order."""

    switches: tuple[SkillSwitch, ...] = ()

    def enabled(self, name: str, path: Path) -> bool:
        """Whether the skill of that name, whose `SKILL.md` is at `path`, may be used.

        The last entry that is about it counts; a skill that none is about is enabled.
        """
        said = [switch.enabled for switch in self.switches if switch.concerns(name, path)]
        return said[-1] if said else True


def skill_settings_from_table(table: Mapping[str, Any]) -> SkillSettings:
    """Read `skills`. An entry without a name and a path is about nothing, and left out.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    skills = table_at(table, "skills")
    entries = skills.get("config", [])
    if not isinstance(entries, list):
        raise ConfigValueError(("skills", "config"), "expected an array of tables")
    switches: list[SkillSwitch] = []
    for index, entry in enumerate(cast("list[object]", entries)):
        where = ("skills", "config", str(index))
        if not isinstance(entry, Mapping):
            raise ConfigValueError(where, "expected a table")
        switches += _switch(cast("Mapping[str, Any]", entry), where)
    return SkillSettings(tuple(switches))


def _switch(entry: Mapping[str, Any], where: tuple[str, ...]) -> list[SkillSwitch]:
    name, path = text_at(entry, "name", *where), text_at(entry, "path", *where)
    if name is None and path is None:
        return []
    enabled = boolean_at(entry, "enabled", *where)
    return [SkillSwitch(name, None if path is None else Path(path), enabled is not False)]
