"""The configuration, and the directory that a thread shall work in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidRequestError


class ConfigError(InvalidRequestError):
    """The configuration names something that does not exist or has the wrong type."""

    kind = ErrorKind.CONFIG_INVALID


class ConfigFileError(ConfigError):
    """A file of the configuration is no TOML. Lines and columns count from 1."""

    def __init__(self, file: Path, line: int, column: int, reason: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {reason}")
        self.file = file
        self.line = line
        self.column = column


class ConfigValueError(ConfigError):
    """A key of the configuration has a wrong type or value; `key` are the names that lead there."""

    def __init__(self, key: tuple[str, ...], problem: str) -> None:
        super().__init__(f"{'.'.join(key)}: {problem}")
        self.key = key


class ConfigUnreadableError(CodexRpcError):
    """The configuration cannot be shown, because it cannot be used."""

    kind = ErrorKind.CONFIG_INVALID


class ConfigWriteError(InvalidRequestError):
    """A change of the user's configuration is refused; then nothing has been written."""

    kind = ErrorKind.CONFIG_INVALID

    def __init__(
        self,
        message: str,
        code: Literal["configValidationError", "configVersionConflict", "configLayerReadonly"],
    ) -> None:
        super().__init__(message)
        self.code = code

    @property
    def details(self) -> Mapping[str, object]:
        return {"config_write_error_code": self.code}


class CwdNotFoundError(InvalidRequestError):
    """The working directory does not exist or is not a directory."""

    kind = ErrorKind.CWD_NOT_FOUND

    def __init__(self, cwd: str) -> None:
        super().__init__(f"working directory does not exist: {cwd}", path=("cwd",))
