"""Changing the user's `config.toml`, all edits or none.

Comments, order and spelling of what is not changed stay as they are; how that is done is the
business of `config.toml_edits`. A change is checked before it is written: what has been written can
be read again, and says what was asked for.
"""

import logging
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from codex_rpc.config.edits import Edit, refused
from codex_rpc.config.effective import config_from_table
from codex_rpc.config.files import parse_toml
from codex_rpc.config.layers import Layer, as_json, value_at, version_of
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.config.relative_paths import with_absolute_paths
from codex_rpc.errors import ConfigError, ConfigWriteError

logger = logging.getLogger(__name__)


class Overridden(Struct, frozen=True):
    """A layer above the user's that decides about a key that was written."""

    layer: Layer
    value: object


class Written(Struct, frozen=True):
    """The user's file as it is now, and the first edit that has no effect."""

    file: Path
    version: str
    overridden: Overridden | None


def write_user_config(
    loader: ConfigLoader, edits: Sequence[Edit], expected_version: str | None = None
) -> Written:
    """Change the user's file. Blocks; what others wrote since `expected_version` is not touched.

    Raises:
        ConfigWriteError: if the version is another, or the result would be no configuration.
        ConfigError: if the file cannot be read or written, or is no TOML now.
    """
    with loader.writing:
        file = loader.user_file
        text = _read(file)
        before = parse_toml(file, text)
        if expected_version not in (None, _version(before, file)):
            raise ConfigWriteError(
                "Configuration was modified since last read. Fetch latest version and retry.",
                "configVersionConflict",
            )
        after = before
        for edit in edits:
            after = edit.applied(after)
        if version_of(after) != version_of(before):
            _check_configuration(loader, after)
            _replace(file, _edited_text(file, text, edits, after))
    return Written(file, _version(after, file), _overridden(loader, edits))


def _check_configuration(loader: ConfigLoader, table: Mapping[str, Any]) -> None:
    try:
        config_from_table(loader.codex_home, with_absolute_paths(table, loader.codex_home))
    except ConfigError as error:
        raise refused(f"Invalid configuration: {error}") from None


def _edited_text(
    file: Path, text: str, edits: Sequence[Edit], expected: Mapping[str, Any]
) -> bytes:
    """The new text, made with as little change as can be."""
    from codex_rpc.config.toml_edits import apply_edits, rewrite_keys

    keys = {edit.path[0] for edit in edits}
    attempts = (lambda: apply_edits(text, edits), lambda: rewrite_keys(text, keys, expected))
    for attempt in attempts:
        try:
            edited = attempt()
            if version_of(parse_toml(file, edited)) == version_of(expected):
                return edited.encode()
        except UnicodeEncodeError:
            raise refused("invalid value: no valid Unicode") from None
        except Exception:  # the library does not know its way around every table
            logger.exception("%s could not be edited", file)
    raise refused(f"{file} cannot be changed without changing other parts of it")


def _version(table: Mapping[str, Any], file: Path) -> str:
    """As `config/read` has it for the user's layer."""
    return version_of(with_absolute_paths(table, file.parent))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read {file}: no valid UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error


def _replace(file: Path, content: bytes) -> None:
    """Put a new file in the place of the old one, which a link may lead to, with its mode."""
    target = Path(os.path.realpath(file))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
        descriptor, name = tempfile.mkstemp(prefix=".config-", suffix=".toml", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(content)
                written.flush()
                os.fsync(descriptor)
                os.fchmod(descriptor, mode)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error


def _overridden(loader: ConfigLoader, edits: Sequence[Edit]) -> Overridden | None:
    """The first value that a layer above the user's makes void."""
    try:
        stack = loader.load_layers().stack
    except ConfigError:  # the overrides are wrong, and heard of where they are used
        return None
    merged = stack.merged()
    for edit in edits:
        for path, value in edit.values():
            effective, origin = value_at(merged, path), stack.origin(path)
            if origin is not None and not origin.is_written_over and effective != value:
                return Overridden(origin, as_json(effective))
    return None
