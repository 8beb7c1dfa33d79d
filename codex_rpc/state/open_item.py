"""OpenItem: something that was shown as begun, as it looks by now."""

from collections.abc import Callable
from dataclasses import dataclass, field

from codex_rpc.exec.output import OutputBuffer
from codex_rpc.protocol.items import CommandExecutionItem, ThreadItem

SHOWN_OUTPUT_BYTES = 1024 * 1024
"""How much of a running command's output can be seen again; a finished one keeps as much."""


@dataclass(slots=True)
class OpenItem:
    """An item that was started and not completed."""

    item: ThreadItem
    draft: Callable[[], ThreadItem] | None = None
    """Its present form, for an item that the model is still writing."""
    output: OutputBuffer = field(default_factory=lambda: OutputBuffer(SHOWN_OUTPUT_BYTES))
    """What a command has said so far."""

    def now(self) -> ThreadItem:
        """The item with all that has been shown of it."""
        if self.draft is not None:
            return self.draft()
        if isinstance(self.item, CommandExecutionItem) and self.output.seen_bytes:
            return self.item.model_copy(update={"aggregated_output": self.output.text()})
        return self.item
