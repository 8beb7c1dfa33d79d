"""Context fragments: what the server itself tells the model, rendered and recognised in one place.

A fragment is a user-role message that no user wrote. Each kind has an opening and a closing marker;
a message part that carries both is that fragment, so that forks, listings and compaction never take
it for something the user said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from codex_rpc.protocol.response_items import InputText, MessageItem, OutputText, user_message


@dataclass(frozen=True, slots=True)
class FragmentKind:
    """The markers of one kind of fragment; they are compared without regard to case."""

    opening: str
    closing: str

    def render(self, body: str) -> MessageItem:
        """A message that consists of this fragment alone."""
        return user_message(f"{self.opening}\n{body}\n{self.closing}")

    def matches(self, text: str) -> bool:
        trimmed = text.strip().lower()
        return trimmed.startswith(self.opening.lower()) and trimmed.endswith(self.closing.lower())


ENVIRONMENT_CONTEXT = FragmentKind("<environment_context>", "</environment_context>")
TURN_ABORTED = FragmentKind("<turn_aborted>", "</turn_aborted>")
AGENTS_INSTRUCTIONS = FragmentKind("# AGENTS.md instructions for ", "</INSTRUCTIONS>")
USER_INSTRUCTIONS = FragmentKind("<user_instructions>", "</user_instructions>")
SKILL = FragmentKind("<skill>", "</skill>")
USER_SHELL_COMMAND = FragmentKind("<user_shell_command>", "</user_shell_command>")
SUBAGENT_NOTIFICATION = FragmentKind("<subagent_notification>", "</subagent_notification>")
ADDITIONAL_CONTEXT = FragmentKind("<additional_context>", "</additional_context>")

FRAGMENT_KINDS: tuple[FragmentKind, ...] = (
    ENVIRONMENT_CONTEXT,
    TURN_ABORTED,
    AGENTS_INSTRUCTIONS,
    USER_INSTRUCTIONS,
    SKILL,
    USER_SHELL_COMMAND,
    SUBAGENT_NOTIFICATION,
    ADDITIONAL_CONTEXT,
)
"""Every kind that occurs in stored threads, those of other programs and versions included."""


def is_fragment(text: str) -> bool:
    return any(kind.matches(text) for kind in FRAGMENT_KINDS)


def is_user_message(item: object) -> bool:
    """Whether `item` is something the user said: user role, and no part of it is a fragment."""
    if not isinstance(item, MessageItem) or item.role != "user":
        return False
    texts = (part.text for part in item.content if isinstance(part, InputText | OutputText))
    return not any(is_fragment(text) for text in texts)


def environment_context(cwd: Path, shell: str, current_date: str, timezone: str) -> MessageItem:
    """Where and when the model works. `current_date` is ISO, `shell` a name such as `bash`."""
    facts = {"cwd": cwd, "shell": shell, "current_date": current_date, "timezone": timezone}
    return ENVIRONMENT_CONTEXT.render(_elements(facts.items()))


def turn_aborted() -> MessageItem:
    """Tells the model that the silence after its last words was the user's wish."""
    return TURN_ABORTED.render(
        "The user interrupted the previous turn on purpose. Commands and patches that were under "
        "way may have taken effect in part; look before you repeat them."
    )


def _elements(facts: Iterable[tuple[str, object]]) -> str:
    return "\n".join(
        f"  <{name}>{escape(str(value), quote=False)}</{name}>" for name, value in facts
    )
