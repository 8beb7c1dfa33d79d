"""The net diff of one turn: what its patches, taken together, did to the files.

Made from applied patches alone, in memory: the disk is never read again, so what shell commands
change does not show. The text is what `git diff` would print and what `git apply` accepts.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from codex_rpc.tools.apply_patch.changes import ChangeLedger, PlannedChange
from codex_rpc.tools.apply_patch.document import is_utf8, readable
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.apply_patch.unified import unified_hunks

_CONTEXT_LINES = 3
_MODE = "100644"
_NO_BLOB = "0" * 40
_UNSAFE = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

_DiffKey = tuple[Path, PlannedChange]


@dataclass(slots=True)
class TurnDiffTracker:
    """Adds up the patches of one turn."""

    _ledger: ChangeLedger = field(default_factory=ChangeLedger)
    _rendered: dict[_DiffKey, tuple[str, str]] = field(
        default_factory=dict[_DiffKey, tuple[str, str]]
    )
    """Display path and diff of each change shown last: most are the same the next time."""

    def record(self, plan: PatchPlan) -> None:
        """Add a patch that has been applied."""
        for change in plan.changes:
            self._ledger.see(change.path, change.before)
            if change.move_path is None:
                self._ledger.write(change.path, change.after)
            else:
                self._ledger.see(change.move_path, None)
                self._ledger.move(change.path, change.move_path, change.after or "")

    def unified_diff(self, root: Path) -> str:
        """The diff with paths relative to `root`, sorted by them; "" if all changes cancel out."""
        keys = [(root, change) for change in self._ledger.changes()]
        self._rendered = {
            key: self._rendered.get(key) or (_display(_shown(key[1]), root), _file_diff(*key))
            for key in keys
        }
        return readable("".join(diff for _, diff in sorted(self._rendered.values())))


def _shown(change: PlannedChange) -> Path:
    return change.move_path or change.path


def _display(path: Path, root: Path) -> str:
    """Relative to `root` with slashes; a path outside of it stays absolute."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _file_diff(root: Path, change: PlannedChange) -> str:
    source, target = _display(change.path, root), _display(_shown(change), root)
    old, new = _quoted(f"a/{source}"), _quoted(f"b/{target}")
    lines = [f"diff --git {old} {new}"]
    kind = change.kind
    match kind:
        case "add":
            lines.append(f"new file mode {_MODE}")
        case "delete":
            lines.append(f"deleted file mode {_MODE}")
        case "update":
            if source != target:
                lines += [f"rename from {_quoted(source)}", f"rename to {_quoted(target)}"]
        case _:
            assert_never(kind)
    if change.before != change.after:
        lines.append(f"index {_blob_id(change.before)}..{_blob_id(change.after)}")
    if _is_binary(change.before) or _is_binary(change.after):
        shown = (
            "/dev/null" if change.before is None else old,
            "/dev/null" if change.after is None else new,
        )
        return "\n".join([*lines, f"Binary files {shown[0]} and {shown[1]} differ", ""])
    hunks = unified_hunks(change.before or "", change.after or "", _CONTEXT_LINES)
    if hunks:
        lines.append("--- /dev/null" if change.before is None else f"--- {_ended(old)}")
        lines.append("+++ /dev/null" if change.after is None else f"+++ {_ended(new)}")
    return "\n".join([*lines, hunks])


def _is_binary(text: str | None) -> bool:
    return text is not None and "\0" in text and not is_utf8(text)


def _blob_id(text: str | None) -> str:
    if text is None:
        return _NO_BLOB
    data = text.encode(errors="surrogateescape")
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()


def _quoted(path: str) -> str:
    """A path as git writes it: in quotes if it holds what would end or confuse a line."""
    if not _UNSAFE.search(path):
        return path
    return f'"{_UNSAFE.sub(_escaped, path)}"'


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\{ord(char):03o}"


def _ended(path: str) -> str:
    """With the tab that keeps a path with spaces from running into what could follow."""
    return f"{path}\t" if " " in path and not path.startswith('"') else path
