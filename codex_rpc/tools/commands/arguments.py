"""What every tool that runs commands takes beside the command itself."""

from typing import Any, Literal

from pydantic import Field

from codex_rpc.tools.arguments import ToolArguments


class CommandArguments(ToolArguments):
    """Base of the arguments of such tools."""

    workdir: str | None = None
    login: bool = True
    sandbox_permissions: Literal["use_default", "require_escalated"] = "use_default"
    justification: str | None = None
    prefix_rule: list[str] = Field(default_factory=list[str])

    @property
    def escalated(self) -> bool:
        """Whether the model asks to run it outside the sandbox."""
        return self.sandbox_permissions == "require_escalated"


WORKDIR: dict[str, Any] = {
    "workdir": {
        "type": "string",
        "description": "Where to run it; the thread's working directory if left out.",
    },
}
LOGIN: dict[str, Any] = {
    "login": {
        "type": "boolean",
        "description": "Whether the shell reads the user's profile first; true if left out.",
    },
}
ESCALATION: dict[str, Any] = {
    "sandbox_permissions": {
        "type": "string",
        "enum": ["use_default", "require_escalated"],
        "description": "require_escalated asks the user to let it run outside the sandbox.",
    },
    "justification": {
        "type": "string",
        "description": "With require_escalated: one sentence that tells the user why.",
    },
    "prefix_rule": {
        "type": "array",
        "items": {"type": "string"},
        "description": "With require_escalated: how similar commands begin, such as "
        '["npm", "install"], for the user to allow them all if they are safe.',
    },
}
"""The same as a model is told of them: parts of a JSON Schema's `properties`."""
