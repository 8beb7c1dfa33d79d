"""The long-lived helpers of one session, grouped by concern and never replaced."""

from typing import TYPE_CHECKING

from msgspec import Struct, field

from codex_rpc.config.providers import ModelProvider
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.managers.skills.manager import NoSkills, SkillSource
from codex_rpc.model.port import ModelClient
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.registry import ToolRegistry
from codex_rpc.tools.workspace.port import Workspace

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.view import ThreadMcp


class Managers(Struct, frozen=True):
    """The process-wide managers that every thread shares."""

    auth: AuthManager
    models: ModelsManager
    skills: SkillSource = field(default_factory=NoSkills)
    """Those of the thread: its own configuration has a say in them."""
    mcp: "ThreadMcp | None" = None
    """The thread's MCP servers, if it has any."""


class SessionServices(Struct, frozen=True):
    """Handles a session hands to its turns. `recorder` is `None` for an ephemeral thread."""

    provider: ModelProvider
    model: ModelClient
    tools: ToolRegistry
    exec: CommandEnvironment
    managers: Managers
    workspace: Workspace
    recorder: RolloutRecorder | None
