"""What a tool may ask of its surroundings, and what it gives back.

Tools sit below the session and never see it: they reach the client, the turn and the files of the
workspace through these protocols, which the session (or an editor's buffers) implements.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct, field

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.permission_grants import Grants
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import ToolSpec
from codex_rpc.model.tool_names import McpToolKey, flat_name
from codex_rpc.protocol.approvals import ApprovalMethod, QuestionParams
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ApprovalId, CallId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    FileChangeItem,
    ThreadItem,
)
from codex_rpc.protocol.notifications import TurnPlanStep
from codex_rpc.protocol.policies import SandboxPolicy
from codex_rpc.protocol.questions import PermissionGrantScope
from codex_rpc.protocol.response_items import ContentPart
from codex_rpc.tools.commands.terminals import Terminals
from codex_rpc.tools.workspace.port import Workspace

if TYPE_CHECKING:
    from codex_rpc.tools.apply_patch.plan import PatchPlan

ApprovalOutcome = Literal["approved", "approvedForSession", "declined", "invalid", "cancelled"]
"""How a question ended. `invalid` is an answer that made no sense and counts as a refusal;
`cancelled` means that nobody answered because the turn ended or the client chose to stop it."""


class Approval(Struct, frozen=True):
    """The end of a question to the client; `reason` says why when it was not approved."""

    outcome: ApprovalOutcome
    reason: str | None = None

    @property
    def granted(self) -> bool:
        return self.outcome in ("approved", "approvedForSession")


class CommandQuestion(Struct, frozen=True):
    """May this command run? `argv` and `cwd` are exactly what would be executed.

    `item` has not been shown yet: whoever asks the client shows it first.
    """

    item: CommandExecutionItem
    argv: Sequence[str]
    cwd: Path
    reason: str | None = None
    escalated: bool = False
    """Whether it would run without the sandbox because the model asked for that."""
    tty: bool = False
    """Whether it would run in a terminal."""
    amendment: list[str] | None = None
    """How commands begin that the user may want to allow for good."""
    one_shot: bool = False
    """Ask in any case; the answer is good for this once."""


class PatchQuestion(Struct, frozen=True):
    """May these files change? `item` has not been shown yet; `paths` are all that are touched."""

    item: FileChangeItem
    paths: Sequence[Path]
    reason: str | None = None


class QuestionHeader(Struct, frozen=True):
    """What every question to the client carries; times are unix milliseconds."""

    thread_id: ThreadId
    turn_id: TurnId
    approval_id: ApprovalId
    started_at_ms: int


class ClientQuestion(Struct, frozen=True):
    """A question to the client: the server request that asks it, and what that carries."""

    method: ApprovalMethod
    params: Callable[[QuestionHeader], QuestionParams]
    item_id: ItemId | None = None
    """The item it is about."""


class ClientReply(Struct, frozen=True):
    """The result of the server request, as its own model.

    `response` is `None` if there is none: nobody was left to answer, or the answer made no sense.
    """

    response: WireModel | None
    reason: str | None = None


class ToolCall(Struct, frozen=True):
    """One call by the model. `arguments` is JSON text for a function tool, else free text."""

    call_id: CallId
    name: str
    arguments: str
    namespace: str | None = None


class ToolOutput(Struct, frozen=True):
    """What the model is told: text, or parts such as images, which take its place.

    `success` is not sent; it is for logs and items.
    """

    text: str
    success: bool = True
    content: Sequence[ContentPart] = ()


class ToolContext(Protocol):
    """The running turn, as far as a tool may see it."""

    @property
    def settings(self) -> ThreadSettings: ...

    @property
    def model(self) -> ModelInfo:
        """Who calls."""
        ...

    @property
    def workspace(self) -> Workspace: ...

    @property
    def approved_mcp_tools(self) -> set[McpToolKey]:
        """Tools of MCP servers that the user has approved for the session."""
        ...

    @property
    def terminals(self) -> Terminals:
        """Those of the thread."""
        ...

    def item_started(self, item: ThreadItem) -> None: ...

    def item_completed(self, item: ThreadItem) -> None: ...

    async def command_output(self, item_id: ItemId, delta: str) -> None:
        """Pass on a piece of a command's output; waits while the client is too slow for it."""
        ...

    async def ask_command(self, question: CommandQuestion) -> Approval: ...

    async def ask_patch(self, question: PatchQuestion) -> Approval: ...

    async def ask_client(self, question: ClientQuestion) -> ClientReply:
        """Ask something that no decision answers, and wait for it."""
        ...

    def patch_applied(self, plan: "PatchPlan") -> None:
        """Tell the turn's diff what a patch has changed."""
        ...

    @property
    def sandbox_policy(self) -> SandboxPolicy:
        """What commands and patches are held to: that of the settings, and what was granted."""
        ...

    def grant(self, grants: Grants, scope: PermissionGrantScope) -> None:
        """The user has granted more, for the turn or for the session."""
        ...

    def mcp_progress(self, item_id: ItemId, message: str) -> None:
        """Tell how far the call of an MCP server's tool is."""
        ...

    def plan_updated(self, explanation: str | None, plan: Sequence[TurnPlanStep]) -> None: ...


class Tool(Protocol):
    """Something the model can call."""

    @property
    def name(self) -> str: ...

    @property
    def parallel(self) -> bool:
        """Whether calls may overlap with other parallel calls."""
        ...

    def spec(self, model: ModelInfo) -> ToolSpec:
        """How the tool is offered to `model`."""
        ...

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        """Carry the call out.

        Raises:
            ToolError: the call failed; its text goes to the model and the turn goes on.
        """
        ...


class ToolGroup(Struct, frozen=True):
    """Function tools from one source; with a namespace, a call names that beside the tool."""

    tools: Sequence[Tool]
    namespace: str | None = None
    description: str = ""
    flat_names: Mapping[str, str] = field(default_factory=dict[str, str])
    """What tools are called where no namespace is named beside them, if that is settled."""

    def flat_name(self, tool: Tool) -> str:
        """The tool's name where no namespace is named beside it."""
        if (name := self.flat_names.get(tool.name)) is not None:
            return name
        return tool.name if self.namespace is None else flat_name(self.namespace, tool.name)


class ToolSource(Protocol):
    """Where tools come from that come and go, such as those of MCP servers."""

    def groups(self) -> Sequence[ToolGroup]:
        """Those that can be called now; never waits."""
        ...
