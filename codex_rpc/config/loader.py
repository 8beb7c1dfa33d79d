"""Finding the layers of the configuration, and making one frozen `Config` of them.

From low to high: the system's file, the user's `config.toml`, the projects' files from the root
down to the working directory (`config.projects`), the chosen profile, and overrides: those of the
command line and then those of a request.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.config.effective import RETIRED_APPROVAL_POLICIES, Config, config_from_table
from codex_rpc.config.files import TomlFiles
from codex_rpc.config.layers import Layer, LayerStack, merge_tables
from codex_rpc.config.overrides import merge_overrides
from codex_rpc.config.projects import ProjectFinder, ProjectLayers
from codex_rpc.config.relative_paths import with_absolute_paths
from codex_rpc.config.trust import ProjectTrust, trust_from_table
from codex_rpc.config.values import table_at, text_at
from codex_rpc.errors import ConfigError, ConfigValueError
from codex_rpc.protocol.config import (
    SessionFlagsLayerSource,
    SystemLayerSource,
    UserLayerSource,
)

__all__ = [
    "RETIRED_APPROVAL_POLICIES",
    "Config",
    "ConfigLoader",
    "LoadedConfig",
    "Override",
    "config_from_table",
]

Override = tuple[str, Any]
"""A dotted key and its value, as `merge_overrides` takes them."""

SYSTEM_FILE = Path("/etc/codex/config.toml")


class LoadedConfig(Struct, frozen=True):
    """The configuration, and the layers that it was made of."""

    config: Config
    stack: LayerStack


class _Base(Struct, frozen=True):
    """What applies everywhere: the layers below and above those of a project."""

    below: Sequence[Layer]
    above: Sequence[Layer]
    trust: ProjectTrust


@dataclass(slots=True)
class ConfigLoader:
    """Loads the configuration for each new thread; an unchanged file is parsed once."""

    codex_home: Path
    overrides: Sequence[Override] = ()
    system_file: Path = SYSTEM_FILE
    files: TomlFiles = field(default_factory=TomlFiles, init=False)
    writing: Lock = field(default_factory=Lock, init=False)
    """Held by who changes the user's file."""

    @property
    def user_file(self) -> Path:
        return self.codex_home / "config.toml"

    def load(self, overrides: Sequence[Override] = (), cwd: Path | None = None) -> Config:
        """The configuration for work in `cwd`, with these overrides above the process's own.

        Without `cwd`, no project has a say. A project's file that is wrong stops nothing: it is
        left out, with a warning.

        Raises:
            ConfigError: if a file is no TOML, or a key has the wrong type or value.
        """
        try:
            return self.load_layers(overrides, cwd).config
        except ConfigError as error:
            raise ConfigError(f"failed to load configuration: {error}") from None

    def load_layers(
        self, overrides: Sequence[Override] = (), cwd: Path | None = None
    ) -> LoadedConfig:
        """As `load`, with the layers.

        Raises:
            ConfigError: as `load`, saying only what is wrong and where.
        """
        base = self._base(overrides)
        projects = self._projects(base, cwd)
        stack = LayerStack([*base.below, *projects.layers, *base.above])
        warnings = [*self._requirements(), *projects.warnings]
        while True:
            try:
                config = config_from_table(self.codex_home, stack.merged(), base.trust)
            except ConfigValueError as error:
                culprit = stack.origin(error.key)
                if culprit is None or not culprit.is_project:
                    raise _located(error, culprit) from None
                warnings.append(f"Ignored a project's configuration: {culprit.file}: {error}")
                stack = stack.without(culprit, str(error))
            else:
                config = replace(
                    config,
                    rules_folders=self._rules_folders(base.trust, projects),
                    warnings=(*warnings, *config.warnings),
                )
                return LoadedConfig(config, stack)

    def _rules_folders(self, trust: ProjectTrust, projects: ProjectLayers) -> tuple[Path, ...]:
        """A project's count even if its configuration is wrong: they may forbid something."""
        dot_folders = (layer.file.parent for layer in projects.layers if layer.file is not None)
        trusted = (folder for folder in dot_folders if trust.trusts(folder.parent))
        folders = (self.system_file.parent, self.codex_home, *trusted)
        return tuple(folder / "rules" for folder in folders)

    def _requirements(self) -> Sequence[str]:
        """A warning for the administrator who relies on what this program does not enforce."""
        file = self.system_file.with_name("requirements.toml")
        return [f"{file} is not enforced by this program"] if file.exists() else []

    def _base(self, overrides: Sequence[Override]) -> _Base:
        system = Layer(
            SystemLayerSource(file=str(self.system_file)),
            self._table(self.system_file),
            self.system_file,
        )
        user = Layer(
            UserLayerSource(file=str(self.user_file)), self._table(self.user_file), self.user_file
        )
        started_with = merge_overrides({}, self.overrides)
        # A client's word is not the user's: it does not count towards trust.
        flags = merge_overrides(started_with, overrides)
        trust = _trust([system, user], started_with)
        above = [*self._profile(system, user, flags)]
        if flags:
            above.append(Layer(SessionFlagsLayerSource(), flags))
        return _Base([system, user], above, trust)

    def _table(self, path: Path) -> Mapping[str, Any]:
        return with_absolute_paths(self.files.table(path) or {}, path.parent)

    def _projects(self, base: _Base, cwd: Path | None) -> ProjectLayers:
        if cwd is None:
            return ProjectLayers((), ())
        users = merge_tables(layer.table for layer in (*base.below, *base.above))
        cwd = Path(os.path.normpath(Path.cwd() / cwd))
        return ProjectFinder(self.codex_home, self.files, base.trust, users).find(cwd)

    def _profile(self, system: Layer, user: Layer, flags: Mapping[str, Any]) -> list[Layer]:
        """The chosen profile: a `profiles` table, or a file `<name>.config.toml`."""
        table = merge_tables(iter((system.table, user.table)))
        name = text_at(merge_tables(iter((table, flags))), "profile")
        if name is None:
            return []
        source = UserLayerSource(file=str(self.user_file), profile=name)
        profiles = table_at(table, "profiles")
        if name in profiles:
            chosen = with_absolute_paths(table_at(profiles, name, "profiles"), self.codex_home)
            return [Layer(source, chosen, self.user_file)]
        file = self.codex_home / f"{name}.config.toml"
        if file.parent != self.codex_home or not file.is_file():
            raise ConfigError(f"config profile `{name}` not found")
        return [Layer(source.model_copy(update={"file": str(file)}), self._table(file), file)]


def _trust(files: Sequence[Layer], started_with: Mapping[str, Any]) -> ProjectTrust:
    tables = [*(layer.table for layer in files), started_with]
    try:
        return trust_from_table(merge_tables(iter(tables)))
    except ConfigValueError as error:
        raise _located(error, LayerStack(files).origin(error.key)) from None


def _located(error: ConfigValueError, layer: Layer | None) -> ConfigError:
    """The error with the file that it is in; an override's needs none."""
    if layer is None or layer.file is None:
        return error
    return ConfigError(f"{layer.file}: {error}")
