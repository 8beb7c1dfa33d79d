"""Recognises a command that does nothing but call `apply_patch`. Pure.

Models know `apply_patch` as a program, which it is not here. The call may be an argument vector, or
a script with one here-document, after a `cd` perhaps. What else a script may do cannot be done by a
patch, so such a script is no patch. Applying it is the tools' business.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.exec.command_parsing import literal_word, parse_script, script_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = frozenset({"apply_patch", "applypatch"})
_BEGIN = "*** Begin Patch"


class PatchScript(Struct, frozen=True):
    """The patch that a command applies; `folder` is where it goes first, as written."""

    patch: str
    folder: str | None = None


def patch_script(argv: Sequence[str]) -> PatchScript | None:
    """The patch, if applying it is all that the command does."""
    match argv:
        case [program, patch] if program in _NAMES:
            return PatchScript(patch)
        case _:
            script = script_of(argv)
            return None if script is None else _patch_in(script)


def is_bare_patch(argv: Sequence[str]) -> bool:
    """Whether the command is a patch itself, with nobody called to apply it."""
    text = argv[0] if len(argv) == 1 else script_of(argv)
    return text is not None and text.strip().startswith(_BEGIN)


def _patch_in(script: str) -> PatchScript | None:
    if not any(name in script for name in _NAMES):
        return None
    root = parse_script(script)
    if root.has_error or len(root.named_children) != 1:
        return None
    statement, document = root.named_children[0], None
    if statement.type == "redirected_statement":
        match statement.named_children:
            case [command, redirection]:
                statement, document = command, _here_document(redirection)
            case _:
                return None
        if document is None:
            return None
    folder = None
    if statement.type == "list":
        match statement.children:
            case [change, joint, statement] if joint.type == "&&":
                folder = _folder(change)
            case _:
                pass
        if folder is None:
            return None
    patch = _patch_of(statement, document)
    return None if patch is None else PatchScript(patch, folder)


def _patch_of(command: "Node", document: str | None) -> str | None:
    match _words(command):
        case [program] if program in _NAMES:
            return document
        case [program, patch] if program in _NAMES and document is None:
            return patch
        case _:
            return None


def _folder(command: "Node") -> str | None:
    match _words(command):
        case ["cd", folder] if folder and not folder.startswith(("-", "~")):
            return folder
        case _:
            return None


def _here_document(redirection: "Node") -> str | None:
    """The text of a here-document with nothing behind its start.

    It is taken as it stands, quoted or not: a patch is never meant to be expanded.
    """
    match [child.type for child in redirection.children]:
        case ["<<", "heredoc_start", "heredoc_body", "heredoc_end"]:
            return (redirection.children[2].text or b"").decode()
        case _:
            return None


def _words(command: "Node") -> list[str] | None:
    """The literal words of a simple command."""
    if command.type != "command":
        return None
    words = [literal_word(child) for child in command.children]
    known = [word for word in words if word is not None]
    return known if len(known) == len(words) else None
