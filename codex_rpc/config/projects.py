"""Configuration that a project brings along: its `.codex/config.toml` files.

They count only where the user trusts the project (`config.trust`), and even then not for
everything. A repository may choose how work in it is done: the model, the sandbox and approvals,
MCP servers of its own. It may not choose whom the user's keys and words are sent to, which account
is used, what is run for notification, or who is trusted.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec import Struct

from codex_rpc.config.files import TomlFiles
from codex_rpc.config.layers import Layer
from codex_rpc.config.relative_paths import with_absolute_paths
from codex_rpc.config.trust import ProjectTrust, project_root
from codex_rpc.errors import ConfigError
from codex_rpc.protocol.config import ProjectLayerSource

NEVER_FROM_A_PROJECT = frozenset(
    {
        # Where requests, and the credentials in them, go.
        "model_provider",
        "model_providers",
        "oss_provider",
        "openai_base_url",
        "chatgpt_base_url",
        "experimental_realtime_webrtc_call_base_url",
        "experimental_realtime_ws_base_url",
        "experimental_thread_store_endpoint",
        "apps_mcp_product_sku",
        "responses_api_metadata",
        "otel",
        # Whose account is used, and where its secrets are kept.
        "forced_login_method",
        "forced_chatgpt_workspace_id",
        "cli_auth_credentials_store",
        "mcp_oauth_credentials_store",
        "mcp_oauth_callback_port",
        "mcp_oauth_callback_url",
        # What is run outside the sandbox without anybody's asking, and where files are kept.
        "notify",
        "zsh_path",
        "js_repl_node_path",
        "log_dir",
        "sqlite_home",
        # What decides about other settings, or about trust.
        "profile",
        "profiles",
        "projects",
        "project_root_markers",
    }
)
"""Keys that are left out of a project's configuration, with a warning."""


class ProjectLayers(Struct, frozen=True):
    """The layers of a project, from its root to the working directory, and what was odd."""

    layers: tuple[Layer, ...]
    warnings: tuple[str, ...]


class ProjectFinder(Struct, frozen=True):
    """Finds what a project says, for one state of the user's own configuration."""

    codex_home: Path
    files: TomlFiles
    trust: ProjectTrust
    users: Mapping[str, Any]
    """What the user says."""

    def find(self, cwd: Path) -> ProjectLayers:
        """The layers that apply to work in `cwd`. A bad one is disabled; it stops nothing."""
        root = project_root(cwd) or cwd
        above = [folder for folder in cwd.parents if folder.is_relative_to(root)]
        warnings: list[str] = []
        layers = tuple(
            self._layer(folder, warnings)
            for folder in (*reversed(above), cwd)
            if self._has_configuration(folder / ".codex")
        )
        return ProjectLayers(layers, tuple(warnings))

    def _has_configuration(self, folder: Path) -> bool:
        try:
            if not folder.is_dir():
                return False
        except (OSError, ValueError):
            return False
        try:
            return not folder.samefile(self.codex_home)
        except OSError:  # no home yet
            return True

    def _layer(self, folder: Path, warnings: list[str]) -> Layer:
        source = ProjectLayerSource(dot_codex_folder=str(folder / ".codex"))
        file = folder / ".codex" / "config.toml"
        distrust = self._distrust(folder)
        try:
            table = self.files.table(file) or {}
        except ConfigError as error:
            if distrust is None:
                warnings.append(f"Ignored a project's configuration: {error}")
            return Layer(source, {}, file, distrust or str(error))
        allowed, refused = self._allowed(with_absolute_paths(table, file.parent))
        if refused and distrust is None:
            warnings.append(
                f"Ignored keys that a project may not set in {file}: {', '.join(refused)}. "
                "Set them in your own config.toml if you want them."
            )
        return Layer(source, allowed, file, distrust)

    def _distrust(self, folder: Path) -> str | None:
        """Why what `folder` says does not count, if it does not."""
        deciding, level = self.trust.decision(folder)
        users_file = self.codex_home / "config.toml"
        match level:
            case True:
                return None
            case False:
                return (
                    f"{deciding} is marked as untrusted. To load project-local config, hooks, and "
                    f"exec policies, change its trust_level in {users_file}."
                )
            case None:
                return (
                    "To load project-local config, hooks, and exec policies, add "
                    f"{deciding} as a trusted project in {users_file}."
                )

    def _allowed(self, table: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        refused = sorted(table.keys() & NEVER_FROM_A_PROJECT)
        allowed = {key: value for key, value in table.items() if key not in NEVER_FROM_A_PROJECT}
        servers, theirs = allowed.get("mcp_servers"), self.users.get("mcp_servers")
        if isinstance(servers, Mapping) and isinstance(theirs, Mapping):
            # Their tokens would go wherever the project says.
            servers = cast("Mapping[str, Any]", servers)
            taken = servers.keys() & cast("Mapping[str, Any]", theirs).keys()
            refused += [f"mcp_servers.{name}" for name in sorted(taken)]
            allowed["mcp_servers"] = {
                name: server for name, server in servers.items() if name not in taken
            }
        return allowed, refused
