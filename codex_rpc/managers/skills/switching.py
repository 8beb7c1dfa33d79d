"""Switching a skill on or off in the user's `config.toml`.

Skills are on; the file has an entry for each that is off.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from codex_rpc.config.edits import Edit
from codex_rpc.config.layers import value_at
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.config.skills import SkillSwitch
from codex_rpc.config.writer import write_user_config
from codex_rpc.protocol.config import UserLayerSource

_ENTRIES = ("skills", "config")


def write_switch(loader: ConfigLoader, switch: SkillSwitch) -> bool:
    """Put the switch on record, and tell what holds now: other layers have a say too. Blocks.

    Raises:
        ConfigError: if the file cannot be read or written, or is wrong.
        ConfigWriteError: if somebody else wrote it meanwhile.
    """
    version = _user_version(loader)
    table = loader.files.table(loader.user_file) or {}
    before = _entries(table)
    after = [entry for entry in before if not _is_about(entry, switch)]
    if not switch.enabled:
        after.append(_entry(switch))
    if after != before:
        write_user_config(loader, [_edit(table, after)], version)
    return loader.load().skills.enabled(switch.name or "", switch.path or Path())


def _edit(table: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Edit:
    """The edit that puts these entries in the place of the old ones, and leaves no empty table."""
    if entries:
        return Edit(_ENTRIES, entries)
    return Edit(_ENTRIES if len(table["skills"]) > 1 else _ENTRIES[:1], None)


def _user_version(loader: ConfigLoader) -> str | None:
    """The version of the user's file, which is not that of a profile."""
    for layer in loader.load_layers().stack.layers:
        if isinstance(layer.source, UserLayerSource) and layer.source.profile is None:
            return layer.version
    return None


def _entries(table: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    entries = value_at(table, _ENTRIES)
    return cast("list[Mapping[str, Any]]", entries) if isinstance(entries, list) else []


def _is_about(entry: Mapping[str, Any], switch: SkillSwitch) -> bool:
    if switch.path is None:
        return entry.get("path") is None and entry.get("name") == switch.name
    return entry.get("path") == str(switch.path)


def _entry(switch: SkillSwitch) -> Mapping[str, Any]:
    about = {"name": switch.name} if switch.path is None else {"path": str(switch.path)}
    return {**about, "enabled": switch.enabled}
