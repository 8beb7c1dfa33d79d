"""Edits in the text of a TOML file, which leave everything else in it as it is.

Imported when something is written: the library that keeps comments takes its time to load.
"""

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from typing import Any, cast

import tomlkit
from tomlkit.items import InlineTable

from codex_rpc.config.edits import Edit

_Node = MutableMapping[str, Any]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits. `text` must be TOML."""
    document = _parse(text)
    for edit in edits:
        *parents, name = edit.path
        node = _descend(document, parents, create=edit.value is not None)
        if node is None:
            continue
        if edit.value is None:
            node.pop(name, None)
        else:
            _put(node, name, edit.value, keep=edit.strategy == "upsert")
    return tomlkit.dumps(document)


def rewrite_keys(text: str, keys: Collection[str], expected: Mapping[str, Any]) -> str:
    """The text with these top-level keys written anew, for tables too scattered to edit in place.

    Comments inside them are lost; everything else stays.
    """
    document = _parse(text)
    for key in keys:
        if key in document:
            del document[key]
        if key in expected:
            document[key] = expected[key]
    return tomlkit.dumps(document)


def _parse(text: str) -> tomlkit.TOMLDocument:
    """The document, whose last line is whole, so that more can follow."""
    return tomlkit.parse(text if not text or text.endswith("\n") else text + "\n")


def _descend(document: _Node, parents: Sequence[str], *, create: bool) -> _Node | None:
    """The table that the names lead to, made on the way if it is wanted."""
    node = document
    for name in parents:
        child = node.get(name)
        if not isinstance(child, MutableMapping):
            if not create:
                return None
            node[name] = _new_table(node, is_super_table=True)
            child = node[name]
        node = cast("_Node", child)
    return node


def _put(node: _Node, name: str, value: Any, *, keep: bool) -> None:
    """Set a value. A table that is there keeps its header, and with `keep` its other entries."""
    there = node.get(name)
    if not isinstance(value, Mapping):
        node[name] = value
        return
    if not isinstance(there, MutableMapping):
        node[name] = _new_table(node)
        there = node[name]
    table, entries = cast("_Node", there), cast("Mapping[str, Any]", value)
    if not keep:
        for key in [key for key in table if key not in entries]:
            del table[key]
    for key, entry in entries.items():
        _put(table, key, entry, keep=keep)


def _new_table(node: _Node, *, is_super_table: bool = False) -> Any:
    if isinstance(node, InlineTable):
        return tomlkit.inline_table()
    return tomlkit.table(is_super_table=is_super_table)
